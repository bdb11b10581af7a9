/** Work cut into tiles. */
export interface TiledRun {
  readonly tiles: number;
  readonly run: (tile: number) => void;
}

/** Milliseconds of all tiles, the shortest of several runs. */
export interface BestTimes {
  readonly plain: number;
  readonly compiled: number;
  /** False where one still got faster, or V8 had not optimised the second, when the time was up. */
  readonly settled: boolean;
}

/** Milliseconds after which times are taken as they are, and without a faster run before they are. */
const [longest, steady] = [1000, 30];

/**
 * V8 runs a new kernel unoptimised, dozens of times slower, until it has compiled it anew in the background; on an idle machine that is
 * before its first run is over, so that the first tile is the slow one.
 */
const optimised = 4;

/** Runs native code and new WebAssembly in turn until V8 has optimised the latter and neither gets faster. */
export function bestTimes(plain: TiledRun, compiled: TiledRun, now: () => number = () => performance.now()): BestTimes {
  const timed = ({ run }: TiledRun, tiles: number): number => {
    const start = now();
    for (let tile = 0; tile < tiles; tile++) run(tile);
    return now() - start;
  };
  const works = [plain, compiled];
  const best = works.map(() => Number.POSITIVE_INFINITY);
  const start = now();
  const unoptimised = timed(compiled, 1) * compiled.tiles;
  let improved = start;
  const isSettled = (): boolean => now() - improved > steady && best[1]! * optimised < unoptimised;
  while (now() - start < longest && !isSettled()) {
    for (const [index, work] of works.entries()) {
      const time = timed(work, work.tiles);
      if (time < 0.95 * best[index]!) improved = now();
      best[index] = Math.min(best[index]!, time);
    }
  }
  return { plain: best[0]!, compiled: best[1]!, settled: isSettled() };
}

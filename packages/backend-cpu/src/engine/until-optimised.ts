/** Milliseconds after which an engine that has one tier only, or is very busy, is measured as it is. */
const longestWait = 300;

/**
 * Repeats loops until the engine has replaced its first, quick translation of each by an optimised one: until one run takes less than
 * half of what it took in the beginning. V8 optimises on threads of its own, at once on an idle machine, and up to some hundred
 * milliseconds later on a busy one; a measurement before that says nothing. Whether each loop got there in time.
 */
export function untilOptimised(loops: readonly (() => void)[], now = (): number => performance.now()): boolean[] {
  const timed = (run: () => void): number => {
    const start = now();
    run();
    return now() - start;
  };
  for (const run of loops) run();
  const inBeginning = loops.map((run) => Math.min(timed(run), timed(run), timed(run)));
  const end = now() + longestWait;
  let waiting = [...loops.keys()];
  while (waiting.length > 0 && now() < end) {
    waiting = waiting.filter((index) => timed(loops[index]!) > inBeginning[index]! / 2);
  }
  return loops.map((_, index) => !waiting.includes(index));
}

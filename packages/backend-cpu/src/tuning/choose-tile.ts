// Start-up tuning: the register tile that is fastest here, measured once for each processor and engine. Results do not depend on it.
import { AttuneError } from "@attune/spec";
import type { AddressType } from "@attune/tensor-core/wasm";
import { type TileSize, tileFamily } from "../kernels/product/tile-family.ts";
import { measureTiles, type TileMeasurement } from "./measure-tiles.ts";
import { readTile, tuningKey, writeTile } from "./tile-cache.ts";

export interface ChooseTileOptions {
  /** Whether V8 fuses vectors to 256 bits. */
  readonly wide: boolean;
  readonly relaxedSimd: boolean;
  /** Of the memory (default "i32"). */
  readonly addressType?: AddressType;
  /** Whether panels and tiles are in a memory of their own (default false). */
  readonly nearMemory?: boolean;
  /** Where choices are kept. */
  readonly folder: string;
  /** Replaced in tests. */
  readonly measure?: typeof measureTiles;
}

/** A kept tile is dropped where the best guess is this much faster. */
const clearly = 1.05;

/**
 * The tile to multiply with: the one chosen before, else the fastest by measurement (about 25 milliseconds). At 256 bits it is checked
 * at every start, as V8's fusing of vectors is experimental; and one that is not the best guess is held against that, so that a choice
 * made on a crowded machine does not slow every later process down. A measurement that came before V8's optimised code is not kept.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where no tile multiplies small integers exactly
 */
export function chooseTile(options: ChooseTileOptions): TileSize {
  const { wide, relaxedSimd, addressType = "i32", nearMemory = false, folder, measure = measureTiles } = options;
  const code = { relaxedSimd, addressType, nearMemory };
  const key = tuningKey(wide, relaxedSimd, addressType);
  const guess = tileFamily(wide)[0]!;
  const known = readTile(folder, key);
  if (known === guess && (!wide || measure([known], { ...code, trials: 1 })[0]!.exact)) return known;
  if (known && known !== guess && stands(measure([known, guess], code))) return known;
  const exact = measure(tileFamily(wide), code).filter((tile) => tile.exact);
  const [fastest] = exact.toSorted((left, right) => right.rate - left.rate);
  if (fastest === undefined) throw multipliesWrongly(wide);
  if (exact.some(({ optimised }) => !optimised)) return exact[0]!.tile;
  writeTile(folder, key, fastest.tile);
  return fastest.tile;
}

/**
 * Checks the tile that products are computed with where none is chosen.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where it does not multiply small integers exactly
 */
export function checkTile(options: Omit<ChooseTileOptions, "folder">): void {
  const { wide, relaxedSimd, addressType = "i32", nearMemory = false, measure = measureTiles } = options;
  const [guess] = measure([tileFamily(wide)[0]!], { relaxedSimd, addressType, nearMemory, trials: 1 });
  if (!guess!.exact) throw multipliesWrongly(wide);
}

function multipliesWrongly(wide: boolean): AttuneError {
  return new AttuneError("DEVICE_UNAVAILABLE", "This engine's SIMD code multiplies small integers wrongly.", {
    hint: wide
      ? "Start Node without --experimental-wasm-revectorize, and do not call enable256Bits()."
      : "Use another version of Node.",
  });
}

/** Whether a kept tile is right, and as fast as the best guess as far as can be told now. */
function stands([known, guess]: readonly TileMeasurement[]): boolean {
  if (!known!.exact) return false;
  const told = guess!.exact && known!.optimised && guess!.optimised;
  return !told || guess!.rate <= clearly * known!.rate;
}

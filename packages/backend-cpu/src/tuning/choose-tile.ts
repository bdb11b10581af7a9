// Start-up tuning: the register tile that is fastest here, measured once for each processor and engine. Results do not depend on it.
import { AttuneError } from "@attune/spec";
import { type TileSize, tileFamily } from "../kernels/product/tile-family.ts";
import { measureTiles } from "./measure-tiles.ts";
import { readTile, tuningKey, writeTile } from "./tile-cache.ts";

export interface ChooseTileOptions {
  /** Whether V8 fuses vectors to 256 bits. */
  readonly wide: boolean;
  readonly relaxedSimd: boolean;
  /** Where choices are kept. */
  readonly folder: string;
  /** Replaced in tests. */
  readonly measure?: typeof measureTiles;
}

/**
 * The tile to multiply with: the one chosen before, else the fastest by measurement (about 25 milliseconds). At 256 bits it is checked
 * at every start, as V8's fusing of vectors is experimental.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where no tile multiplies small integers exactly
 */
export function chooseTile({ wide, relaxedSimd, folder, measure = measureTiles }: ChooseTileOptions): TileSize {
  const key = tuningKey(wide, relaxedSimd);
  const known = readTile(folder, key);
  if (known && (!wide || measure([known], relaxedSimd, 1)[0]!.exact)) return known;
  const [fastest] = measure(tileFamily(wide), relaxedSimd)
    .filter(({ exact }) => exact)
    .sort((left, right) => right.rate - left.rate);
  if (fastest === undefined) {
    throw new AttuneError("DEVICE_UNAVAILABLE", "This engine's SIMD code multiplies small integers wrongly.", {
      hint: wide
        ? "Start Node without --experimental-wasm-revectorize, and do not call enable256Bits()."
        : "Use another version of Node.",
    });
  }
  writeTile(folder, key, fastest.tile);
  return fastest.tile;
}

import { userCacheFolder } from "@attune/run-folder";
import { innerLoops } from "../engine/simd-width.ts";
import { tileName } from "../kernels/product/tile-family.ts";
import { supportsNearMemory } from "../memory/near-memory.ts";
import { chooseTile } from "./choose-tile.ts";
import { measureTiles } from "./measure-tiles.ts";
import { readTile, tuningKey } from "./tile-cache.ts";

/** The parts of a backend that its register tile depends on. */
export interface DescribeTileOptions {
  /** Whether V8 fuses vectors to 256 bits, as `has256Bits` measures. At 64-bit addresses it takes a near memory besides. */
  readonly wide: boolean;
  /** As for `createCpuBackend`. Default true. */
  readonly fusedMultiplyAdd?: boolean | undefined;
  /** Bits of an address: 64 where a backend may hold more than 4 GiB. Default 32. */
  readonly addressBits?: 32 | 64 | undefined;
  /** Folder in which choices are kept. Default: the user's cache folder. */
  readonly tileCache?: string | undefined;
}

/** The register tile that such a backend multiplies with. */
export interface TileDescription {
  /** Rows x vectors. */
  readonly tile: string;
  /** GFLOPS of one core, operands in the level-1 cache. */
  readonly rate: number;
  /** Whether V8 had optimised its code when that was measured; the rate says nothing otherwise. */
  readonly settled: boolean;
  /** Whether an earlier process chose it. */
  readonly cached: boolean;
}

/**
 * Chooses the register tile as a backend does, and measures it. Takes 10 to 50 ms.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where no tile multiplies small integers exactly
 */
export function describeTile(options: DescribeTileOptions): TileDescription {
  const { fusedMultiplyAdd: relaxedSimd = true, addressBits = 32, tileCache: folder = userCacheFolder() } = options;
  const addressType = addressBits === 64 ? "i64" : "i32";
  const { near, wide } = innerLoops(options.wide, addressType, () => supportsNearMemory() || undefined);
  const nearMemory = near !== undefined;
  const kept = readTile(folder, tuningKey(wide, relaxedSimd, addressType));
  const tile = chooseTile({ wide, relaxedSimd, addressType, nearMemory, folder });
  const { rate, optimised } = measureTiles([tile], { relaxedSimd, addressType, nearMemory })[0]!;
  return { tile: tileName(tile), rate, settled: optimised, cached: tile === kept };
}

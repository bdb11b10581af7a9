// The chosen tile, kept between processes: one small file for each processor, engine and width. It only saves a measurement, so a
// file that is missing, damaged, of something else or not to be written changes nothing.
import { type MachineKey, machineKey, readUserCache, type UserCacheEntry, writeUserCache } from "@attune/run-folder";
import type { AddressType } from "@attune/tensor-core/wasm";
import { type TileSize, tileFamily, tileName } from "../kernels/product/tile-family.ts";

/** What a choice holds for. */
export type TuningKey = MachineKey & {
  readonly wide: boolean;
  readonly relaxedSimd: boolean;
  readonly addressType: AddressType;
  readonly family: string[];
};

/** The key of this process. */
export function tuningKey(wide: boolean, relaxedSimd: boolean, addressType: AddressType = "i32"): TuningKey {
  return {
    ...machineKey(),
    wide,
    relaxedSimd,
    addressType,
    family: tileFamily(wide).map(tileName),
  };
}

/** Where the choice for a key is kept. */
export function tuningEntry(folder: string, key: TuningKey): UserCacheEntry {
  return { folder, kind: "cpu-tile", key };
}

/** The tile that was chosen for a key, undefined if none can be read. */
export function readTile(folder: string, key: TuningKey): TileSize | undefined {
  const name = readUserCache(tuningEntry(folder, key));
  return tileFamily(key.wide).find((candidate) => tileName(candidate) === name);
}

/** Keeps a choice. */
export function writeTile(folder: string, key: TuningKey, tile: TileSize): void {
  writeUserCache(tuningEntry(folder, key), tileName(tile));
}

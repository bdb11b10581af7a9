// The chosen tile, kept between processes: one small file for each processor, engine and width. It only saves a measurement, so a
// file that is missing, damaged, of something else or not to be written changes nothing.
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, homedir, platform } from "node:os";
import { join } from "node:path";
import { type TileSize, tileFamily, tileName } from "../kernels/product/tile-family.ts";

/** What a choice holds for. */
export interface TuningKey {
  readonly processor: string;
  readonly architecture: string;
  readonly node: string;
  readonly v8: string;
  readonly wide: boolean;
  readonly relaxedSimd: boolean;
  readonly family: readonly string[];
}

/** The key of this process. */
export function tuningKey(wide: boolean, relaxedSimd: boolean): TuningKey {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    architecture: arch(),
    node: process.versions.node,
    v8: process.versions.v8,
    wide,
    relaxedSimd,
    family: tileFamily(wide).map(tileName),
  };
}

/** Where programs of this user keep what can be made again. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "attune");
  if (platform() === "win32") return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "attune", "cache");
  if (platform() === "darwin") return join(homedir(), "Library", "Caches", "attune");
  return join(homedir(), ".cache", "attune");
}

/** The file of a key. */
export function tuningFile(folder: string, key: TuningKey): string {
  const hash = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 16);
  return join(folder, `cpu-tile-${hash}.json`);
}

/** The tile that was chosen for a key, undefined if none can be read. */
export function readTile(folder: string, key: TuningKey): TileSize | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(tuningFile(folder, key), "utf8"));
    const { key: of, tile } = found as { key: unknown; tile: unknown };
    if (JSON.stringify(of) !== JSON.stringify(key)) return undefined;
    return tileFamily(key.wide).find((candidate) => tileName(candidate) === tile);
  } catch {
    return undefined;
  }
}

function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // Its folder is none, so it was never made.
  }
}

/** Keeps a choice. The file is renamed into its place, so that of two processes that write at once either wins whole. */
export function writeTile(folder: string, key: TuningKey, tile: TileSize): void {
  const file = tuningFile(folder, key);
  const draft = `${file}.${randomUUID()}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, `${JSON.stringify({ key, tile: tileName(tile) })}\n`);
    renameSync(draft, file);
  } catch {
    removeDraft(draft);
  }
}

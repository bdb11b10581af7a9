// Small facts about a machine, kept between processes: one file for each key. They only save work, so a file that is missing, damaged,
// of another key, far too large or not to be written changes nothing.
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, platform } from "node:os";
import { join } from "node:path";
import type { JsonValue } from "@attune/spec";
import { canonicalJson } from "./canonical-json.ts";

/** Where an entry is: the folder, and what the fact is about, named by its kind. */
export interface UserCacheEntry {
  readonly folder: string;
  /** First part of the file's name, such as `cpu-tile`. */
  readonly kind: string;
  /** All that the fact depends on; it holds for no other key. */
  readonly key: JsonValue;
}

/** Bytes from which a file is none of ours. */
const largestFile = 2 ** 16;

/** Where programs of this user keep what can be made again. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "attune");
  if (platform() === "win32") return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "attune", "cache");
  if (platform() === "darwin") return join(homedir(), "Library", "Caches", "attune");
  return join(homedir(), ".cache", "attune");
}

/** The file of an entry. */
export function userCacheFile({ folder, kind, key }: UserCacheEntry): string {
  const hash = createHash("sha256").update(canonicalJson(key)).digest("hex").slice(0, 16);
  return join(folder, `${kind}-${hash}.json`);
}

/** What was kept of a key, undefined if nothing can be read. Its form is the caller's to check: anyone may have written the file. */
export function readUserCache(entry: UserCacheEntry): JsonValue | undefined {
  try {
    const file = userCacheFile(entry);
    if (statSync(file).size > largestFile) return undefined;
    const { key, value } = JSON.parse(readFileSync(file, "utf8")) as { key: JsonValue; value: JsonValue };
    return canonicalJson(key) === canonicalJson(entry.key) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps a value. The file is renamed into its place, so that of two processes that write at once either wins whole.
 *
 * @returns whether it is there now
 */
export function writeUserCache(entry: UserCacheEntry, value: JsonValue): boolean {
  const file = userCacheFile(entry);
  const draft = `${file}.${randomUUID()}`;
  try {
    mkdirSync(entry.folder, { recursive: true });
    writeFileSync(draft, `${JSON.stringify({ key: entry.key, value })}\n`);
    renameSync(draft, file);
    return true;
  } catch {
    removeDraft(draft);
    return false;
  }
}

function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // Its folder is none, so it was never made.
  }
}

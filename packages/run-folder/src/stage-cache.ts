import { mkdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AttuneError, type JsonValue } from "@attune/spec";
import { fileError, isNotFound } from "./file-error.ts";
import { verifyFolder, writeFolderManifest } from "./folder-manifest.ts";
import { hashJson } from "./hash.ts";
import { renameDurably, syncFolder, syncTree } from "./sync.ts";
import { temporaryPathFor } from "./temporary-path.ts";

/** A folder of results by key. */
export interface StageCache {
  /** Where the entries are. */
  readonly folder: string;
  /**
   * Returns the folder of files that belongs to the key. When there is none, `produce` writes them into an empty
   * folder that becomes the entry only when it is complete. Files are compared with their hashes on every use; an
   * entry that does not match is removed and produced again. Two processes may ask for one key at once: both
   * produce, one result is kept.
   */
  getOrCreate(key: JsonValue, produce: (folder: string) => Promise<void>): Promise<StageCacheEntry>;
}

/** A complete entry of a stage cache. */
export interface StageCacheEntry {
  /** Folder with the files; must not be written to. */
  readonly folder: string;
  /** SHA-256 of the key. */
  readonly hash: string;
  /** Found, produced now, or produced again because what was there was damaged. */
  readonly status: "found" | "created" | "repaired";
}

/**
 * Makes a content-addressed cache in a folder, which is created when needed. A key is everything that the result
 * depends on: hashes of inputs, options, version of the stage.
 */
export function createStageCache(folder: string): StageCache {
  const root = resolve(folder);
  return {
    folder: root,
    async getOrCreate(key, produce) {
      const hash = hashJson(key);
      const entry = join(root, hash);
      const state = await inspect(entry);
      if (state === "complete") return { folder: entry, hash, status: "found" };
      if (state === "damaged") await rm(entry, { recursive: true, force: true });
      await createEntry(entry, produce);
      return { folder: entry, hash, status: state === "damaged" ? "repaired" : "created" };
    },
  };
}

async function inspect(entry: string): Promise<"complete" | "damaged" | "missing"> {
  try {
    await stat(entry);
    await verifyFolder(entry);
    return "complete";
  } catch (error) {
    if (isNotFound(error)) return "missing";
    if (AttuneError.is(error) && (error.code === "FILE_CORRUPT" || error.code === "INPUT_INVALID")) return "damaged";
    throw fileError(error, entry);
  }
}

async function createEntry(entry: string, produce: (folder: string) => Promise<void>): Promise<void> {
  const temporary = temporaryPathFor(entry);
  try {
    await mkdir(temporary, { recursive: true });
    await produce(temporary);
    await writeFolderManifest(temporary);
    await syncTree(temporary);
    try {
      await renameDurably(temporary, entry);
    } catch (error) {
      // Another process finished the same entry first; its files came from the same key.
      if ((await inspect(entry)) !== "complete") throw error;
      await rm(temporary, { recursive: true, force: true });
    }
    await syncFolder(resolve(entry, ".."));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw fileError(error, entry);
  }
}

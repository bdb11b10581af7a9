import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createFloat64List, createUint32List } from "@attune/data-core";

/** Sets of shingles on disk, read again one by one when candidate pairs are checked. */
export interface ShingleStore {
  /** Appends the set of the next text; an empty one for a text that is not compared. */
  append(shingles: Uint32Array): void;
  /** Size of a text's set. */
  sizeOf(index: number): number;
  /** Reads a set; the last few thousand are kept in memory, within the budget. */
  get(index: number): Uint32Array;
  /** Closes the file. */
  close(): void;
}

const bufferWords = 2 ** 16;

/** Makes a store with its file in the folder; holds 12 bytes a text beside its buffers. */
export function createShingleStore(folder: string, memoryBudget: number): ShingleStore {
  const file = openSync(join(folder, "shingles.bin"), "wx+");
  const offsets = createFloat64List();
  const sizes = createUint32List();
  const cache = new Map<number, Uint32Array>();
  let cachedWords = 0;
  let pending: Uint32Array[] = [];
  let pendingWords = 0;
  let written = 0;
  const flush = (): void => {
    for (const set of pending) {
      let start = 0;
      while (start < set.byteLength) start += writeSync(file, set, start, set.byteLength - start);
    }
    pending = [];
    pendingWords = 0;
  };
  const remember = (index: number, set: Uint32Array): void => {
    cache.set(index, set);
    cachedWords += set.length;
    for (const [oldest, old] of cache) {
      if (cachedWords * 4 <= memoryBudget / 4 || oldest === index) break;
      cache.delete(oldest);
      cachedWords -= old.length;
    }
  };
  return {
    append(shingles) {
      offsets.push(written * 4);
      sizes.push(shingles.length);
      pending.push(shingles);
      written += shingles.length;
      pendingWords += shingles.length;
      if (pendingWords >= bufferWords) flush();
    },
    sizeOf: (index) => sizes.view()[index]!,
    get(index) {
      const found = cache.get(index);
      if (found !== undefined) return found;
      if (pending.length > 0) flush();
      const set = new Uint32Array(sizes.view()[index]!);
      let start = 0;
      while (start < set.byteLength) {
        const read = readSync(file, set, start, set.byteLength - start, offsets.view()[index]! + start);
        if (read === 0) break;
        start += read;
      }
      remember(index, set);
      return set;
    },
    close: () => closeSync(file),
  };
}

import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError } from "@attune/spec";
import type { Hash64 } from "../hash-text.ts";
import { entryWords, radixSortEntries } from "./radix-sort.ts";

/** Sorts any number of (64-bit key, 32-bit value) entries in bounded memory: sorted runs on disk, merged when read. */
export interface EntrySorter {
  /** Number of entries so far. */
  readonly size: number;
  /** Adds an entry; returns a promise only when a run is being written. */
  add(key: Hash64, value: number): Promise<void> | undefined;
  /**
   * Calls the visitor with the values of each key that has at least two, in the order they were added; keys come in
   * ascending order. Ends the sorter.
   */
  forEachGroup(visit: (values: Uint32Array) => void): Promise<void>;
}

/**
 * Makes a sorter with run files in the folder; `name` tells its files from those of another. Reading throws `FILE_CORRUPT` where a run
 * file was cut off.
 */
export function createEntrySorter(options: {
  readonly folder: string;
  readonly name: string;
  readonly memoryBudget: number;
}): EntrySorter {
  // Half of the budget holds the entries, half is the second buffer of the radix sort.
  const capacity = Math.max(1024, Math.floor(options.memoryBudget / (2 * 4 * entryWords)));
  let buffer = new Uint32Array(Math.min(capacity, 2 ** 14) * entryWords);
  let used = 0;
  let size = 0;
  const runs: string[] = [];

  const sortBuffer = (): Uint32Array => {
    const entries = buffer.subarray(0, used);
    radixSortEntries(entries, new Uint32Array(used));
    return entries;
  };
  const spill = async (): Promise<void> => {
    const path = join(options.folder, `${options.name}-${runs.length}.run`);
    const entries = sortBuffer();
    runs.push(path);
    used = 0;
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength));
    } finally {
      await handle.close();
    }
  };
  return {
    get size() {
      return size;
    },
    add(key, value) {
      if (used === buffer.length) {
        const larger = new Uint32Array(Math.min(buffer.length * 2, capacity * entryWords));
        larger.set(buffer);
        buffer = larger;
      }
      buffer[used] = key.high;
      buffer[used + 1] = key.low;
      buffer[used + 2] = value;
      used += entryWords;
      size += 1;
      return used === capacity * entryWords ? spill() : undefined;
    },
    async forEachGroup(visit) {
      const grouping = createGrouping(visit);
      if (runs.length === 0) grouping.take(sortBuffer());
      else {
        if (used > 0) await spill();
        buffer = new Uint32Array(0);
        await mergeRuns(runs, options.memoryBudget, grouping.take);
      }
      grouping.end();
    },
  };
}

/** Collects the values of equal keys across batches of sorted entries. */
function createGrouping(visit: (values: Uint32Array) => void): { take(entries: Uint32Array): void; end(): void } {
  let values = new Uint32Array(16);
  let count = 0;
  let high = -1;
  let low = -1;
  const end = (): void => {
    if (count > 1) visit(values.subarray(0, count));
    count = 0;
  };
  const take = (entries: Uint32Array): void => {
    for (let i = 0; i < entries.length; i += entryWords) {
      if (entries[i] !== high || entries[i + 1] !== low) {
        end();
        high = entries[i]!;
        low = entries[i + 1]!;
      }
      if (count === values.length) {
        const larger = new Uint32Array(count * 2);
        larger.set(values);
        values = larger;
      }
      values[count++] = entries[i + 2]!;
    }
  };
  return { take, end };
}

interface RunReader {
  readonly handle: FileHandle;
  readonly order: number;
  buffer: Uint32Array;
  position: number;
  length: number;
}

/** Merges sorted runs: the smallest head comes from a binary heap; equal keys leave in the order of the runs. */
async function mergeRuns(
  paths: readonly string[],
  memoryBudget: number,
  take: (entries: Uint32Array) => void,
): Promise<void> {
  const words = Math.max(256, Math.floor(memoryBudget / (4 * entryWords * (paths.length + 1)))) * entryWords;
  const readers: RunReader[] = [];
  try {
    for (const [order, path] of paths.entries()) {
      const handle = await open(path, "r");
      readers.push({ handle, order, buffer: new Uint32Array(words), position: 0, length: 0 });
    }
    const heap: RunReader[] = [];
    for (const reader of readers) if (await refill(reader)) heap.push(reader);
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) siftDown(heap, i);
    const output = new Uint32Array(words);
    let used = 0;
    while (heap.length > 0) {
      const reader = heap[0]!;
      for (let word = 0; word < entryWords; word++) output[used++] = reader.buffer[reader.position++]!;
      if (used === words) {
        take(output);
        used = 0;
      }
      if (reader.position === reader.length && !(await refill(reader))) {
        const last = heap.pop()!;
        if (heap.length > 0) heap[0] = last;
      }
      siftDown(heap, 0);
    }
    take(output.subarray(0, used));
  } finally {
    for (const reader of readers) await reader.handle.close();
  }
}

async function refill(reader: RunReader): Promise<boolean> {
  const bytes = new Uint8Array(reader.buffer.buffer);
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await reader.handle.read(bytes, read, bytes.length - read, null);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  if (read % (4 * entryWords) !== 0) {
    throw new AttuneError(
      "FILE_CORRUPT",
      "Expected whole entries in a temporary file of the sort, but one was cut off.",
      {
        hint: "Something else wrote to the scratch folder, or the disk failed; run the stage again.",
      },
    );
  }
  reader.position = 0;
  reader.length = read / 4;
  return read > 0;
}

function comesBefore(first: RunReader, second: RunReader): boolean {
  const [a, b] = [first.buffer, second.buffer];
  if (a[first.position] !== b[second.position]) return a[first.position]! < b[second.position]!;
  if (a[first.position + 1] !== b[second.position + 1]) return a[first.position + 1]! < b[second.position + 1]!;
  return first.order < second.order;
}

function siftDown(heap: RunReader[], start: number): void {
  for (let parent = start; ; ) {
    let least = parent;
    for (const child of [2 * parent + 1, 2 * parent + 2]) {
      if (child < heap.length && comesBefore(heap[child]!, heap[least]!)) least = child;
    }
    if (least === parent) return;
    [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
    parent = least;
  }
}

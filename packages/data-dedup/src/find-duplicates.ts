import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDuplicateFinder, type FinderOptions } from "./duplicate-finder.ts";

/** Defaults of `findDuplicates`: MinHash of word 5-grams in 14 bands of 8, as datatrove, with a check from 0.8 on. */
const defaultFinderOptions: FinderOptions = {
  normalisation: "fold-space",
  near: true,
  threshold: 0.8,
  clusterThreshold: 0.8,
  bands: 14,
  rows: 8,
  shingles: { unit: "auto", size: 5 },
  seed: 1,
  maxComparisons: 256,
};

/** Returns the sets of duplicates among texts: lists of at least two positions, ascending. */
export async function findDuplicates(
  texts: Iterable<string> | AsyncIterable<string>,
  options: Partial<FinderOptions> = {},
): Promise<number[][]> {
  const scratch = await mkdtemp(join(tmpdir(), "attune-dedup-"));
  try {
    const threshold = options.threshold ?? defaultFinderOptions.threshold;
    const finder = createDuplicateFinder(
      { ...defaultFinderOptions, clusterThreshold: threshold, ...options },
      { scratch, memoryBudget: 2 ** 26 },
    );
    for await (const text of texts) {
      const pending = finder.add(text);
      if (pending !== undefined) await pending;
    }
    const { duplicates } = await finder.finish();
    const sets = new Map<number, number[]>();
    for (let index = 0; index < duplicates.size; index++) {
      const root = duplicates.find(index);
      const members = sets.get(root);
      if (members === undefined) sets.set(root, [index]);
      else members.push(index);
    }
    return [...sets.values()].filter((members) => members.length > 1);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

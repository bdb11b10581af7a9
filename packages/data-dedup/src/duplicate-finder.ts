import {
  createEntrySorter,
  createHashIndex,
  createUint32List,
  createUnionFind,
  hashText,
  normaliseText,
  type TextNormalisation,
  type UnionFind,
} from "@attune/data-core";
import { jaccard } from "./jaccard.ts";
import { type BandOptions, createMinHasher } from "./minhash.ts";
import { createShingleStore } from "./shingle-store.ts";
import { type ShingleOptions, shingleHashes } from "./shingles.ts";

/** What counts as a duplicate, and how candidates are found. */
export interface FinderOptions extends BandOptions {
  /** How texts are made alike before they are compared exactly. */
  readonly normalisation: TextNormalisation;
  /** Whether near-duplicates are looked for, too. */
  readonly near: boolean;
  /** Jaccard similarity from which two texts are duplicates. */
  readonly threshold: number;
  /** Jaccard similarity from which two texts are in one cluster; at most `threshold`. */
  readonly clusterThreshold: number;
  /** Words or characters, and how many. */
  readonly shingles: ShingleOptions;
  /** Seed of the hash functions. */
  readonly seed: number;
  /** With how many earlier texts of one bucket a text is compared at most. */
  readonly maxComparisons: number;
}

/** Sets of duplicates and clusters among texts numbered from 0. */
export interface DuplicateSets {
  /** Duplicates: exact ones, and pairs from `threshold` on. */
  readonly duplicates: UnionFind;
  /** Clusters: the same with `clusterThreshold`. */
  readonly clusters: UnionFind;
  /** Whether a text is an exact copy of an earlier one. */
  isExactCopy(index: number): boolean;
  /** Halves of the 64-bit hash of each normalised text. */
  readonly hashes: { readonly high: Uint32Array; readonly low: Uint32Array };
  /** Work done: pairs compared, and pairs left out because of `maxComparisons`. */
  readonly comparisons: { readonly done: number; readonly skipped: number };
}

/** Takes texts one by one, then finds the sets. */
export interface DuplicateFinder {
  /** Takes the next text; returns a promise when something is being written. */
  add(text: string): void | Promise<void>;
  /** Finds the sets. Ends the finder. */
  finish(): Promise<DuplicateSets>;
}

/**
 * Finds exact duplicates by hash and near-duplicates by MinHash: texts that share a band are candidates, and a candidate
 * pair counts when the Jaccard similarity of the shingle sets reaches the threshold. Shingles and band keys are on disk;
 * in memory are about 60 bytes a text and the budget.
 */
export function createDuplicateFinder(
  options: FinderOptions,
  context: { readonly scratch: string; readonly memoryBudget: number },
): DuplicateFinder {
  const duplicates = createUnionFind();
  const clusters = createUnionFind();
  const firstOf = createHashIndex();
  const copies = createUint32List();
  const high = createUint32List();
  const low = createUint32List();
  const hasher = createMinHasher(options, options.seed);
  const store = createShingleStore(context.scratch, context.memoryBudget);
  const sorter = createEntrySorter({ folder: context.scratch, name: "bands", memoryBudget: context.memoryBudget / 2 });
  const nothing = new Uint32Array(0);

  const addBands = async (shingles: Uint32Array, index: number): Promise<void> => {
    for (const key of hasher.bandKeys(shingles)) {
      const pending = sorter.add(key, index);
      if (pending !== undefined) await pending;
    }
  };
  return {
    add(text) {
      const index = duplicates.add();
      clusters.add();
      const hash = hashText(normaliseText(text, options.normalisation));
      high.push(hash.high);
      low.push(hash.low);
      const first = firstOf.getOrAdd(hash, index);
      copies.push(first === undefined ? 0 : 1);
      if (first !== undefined) {
        duplicates.union(first, index);
        clusters.union(first, index);
      }
      const shingles = first === undefined && options.near ? shingleHashes(text, options.shingles) : nothing;
      store.append(shingles);
      return shingles.length === 0 ? undefined : addBands(shingles, index);
    },
    async finish() {
      const comparisons = { done: 0, skipped: 0 };
      try {
        await sorter.forEachGroup((members) =>
          compareBucket(members, options, { store, duplicates, clusters, comparisons }),
        );
      } finally {
        store.close();
      }
      return {
        duplicates,
        clusters,
        isExactCopy: (index) => copies.view()[index] === 1,
        hashes: { high: high.view(), low: low.view() },
        comparisons,
      };
    },
  };
}

interface Comparison {
  readonly store: { get(index: number): Uint32Array; sizeOf(index: number): number };
  readonly duplicates: UnionFind;
  readonly clusters: UnionFind;
  readonly comparisons: { done: number; skipped: number };
}

/** Compares each text of a bucket with the earlier ones that it is not yet a duplicate of. */
function compareBucket(
  members: Uint32Array,
  options: FinderOptions,
  { store, duplicates, clusters, comparisons }: Comparison,
): void {
  const { threshold, clusterThreshold } = options;
  for (let j = 1; j < members.length; j++) {
    const second = members[j]!;
    let left = options.maxComparisons;
    for (let i = 0; i < j; i++) {
      const first = members[i]!;
      if (
        duplicates.find(first) === duplicates.find(second) ||
        tooDifferentInSize(store.sizeOf(first), store.sizeOf(second), clusterThreshold)
      )
        continue;
      if (left === 0) {
        comparisons.skipped += 1;
        continue;
      }
      left -= 1;
      comparisons.done += 1;
      const similarity = jaccard(store.get(first), store.get(second));
      if (similarity >= clusterThreshold) clusters.union(first, second);
      if (similarity >= threshold) duplicates.union(first, second);
    }
  }
}

/** The similarity of two sets is at most the ratio of their sizes. */
function tooDifferentInSize(first: number, second: number, threshold: number): boolean {
  return Math.min(first, second) < threshold * Math.max(first, second);
}

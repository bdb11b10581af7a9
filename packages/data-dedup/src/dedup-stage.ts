import {
  createFloat64List,
  createUint32List,
  type DataStage,
  type DataStageContext,
  hashToHex,
  type NumberList,
  option,
  optionalOption,
  optionSchema,
  spillRecords,
  type TextNormalisation,
  textNormalisations,
} from "@attune/data-core";
import {
  AttuneError,
  booleanField,
  choiceField,
  integerField,
  numberField,
  type TextRecord,
  textField,
} from "@attune/spec";
import { createDuplicateFinder, type DuplicateSets, type FinderOptions } from "./duplicate-finder.ts";
import type { ShingleUnit } from "./shingles.ts";

/** Options of the dedup stage. */
export interface DedupOptions {
  /** How texts are made alike before they are compared exactly. */
  readonly normalisation: TextNormalisation;
  /** Whether near-duplicates are looked for, too. */
  readonly near: boolean;
  /** Jaccard similarity from which two texts are duplicates. */
  readonly threshold: number;
  /** Jaccard similarity from which two texts share a cluster id, for the split; null: as `threshold`. */
  readonly clusterThreshold: number | null;
  /** Bands of the LSH. */
  readonly bands: number;
  /** Minima per band. */
  readonly rows: number;
  /** Shingles of words or of characters; `auto` takes characters for scripts without spaces. */
  readonly shingleUnit: ShingleUnit;
  /** Words or characters in a shingle. */
  readonly shingleSize: number;
  /** Which of several duplicates is kept; white space has no length, ties go to the first. */
  readonly keeper: "first" | "longest" | "best";
  /** Name in metadata of the number that `best` compares; larger is better. */
  readonly quality: string | null;
  /** What happens to duplicates with different labels: the keeper's stands, or all go. */
  readonly labelConflicts: "keeper" | "drop";
  /** Drop duplicates, or only mark them with `metadata.duplicateOf`. */
  readonly action: "drop" | "mark";
  /** Seed of the hash functions. */
  readonly seed: number;
  /** With how many earlier texts of one bucket a text is compared at most. */
  readonly maxComparisons: number;
}

const similarity = numberField({ minimum: 0.01, maximum: 1 });
const schema = optionSchema("the stage dedup", {
  normalisation: option(choiceField(textNormalisations), "fold-space"),
  near: option(booleanField, true),
  threshold: option(similarity, 0.8),
  clusterThreshold: optionalOption(similarity),
  bands: option(integerField({ minimum: 1, maximum: 1000 }), 14),
  rows: option(integerField({ minimum: 1, maximum: 100 }), 8),
  shingleUnit: option(choiceField(["auto", "word", "character"]), "auto"),
  shingleSize: option(integerField({ minimum: 1, maximum: 100 }), 5),
  keeper: option(choiceField(["first", "longest", "best"]), "first"),
  quality: optionalOption(textField),
  labelConflicts: option(choiceField(["keeper", "drop"]), "keeper"),
  action: option(choiceField(["drop", "mark"]), "drop"),
  seed: option(integerField({ minimum: 0, maximum: 2 ** 31 - 1 }), 1),
  maxComparisons: option(integerField({ minimum: 1 }), 256),
});

/**
 * Drops exact and near duplicates, keeping one of each set, and gives records that are similar a common
 * `metadata.cluster`, by which the split keeps them together. Rules: `exact-duplicate`, `near-duplicate`,
 * `label-conflict`. Order and content of what is kept do not change; memory is bounded.
 */
export const dedupStage: DataStage<DedupOptions> = {
  kind: "data-stage",
  specificationVersion: 1,
  id: "dedup",
  version: "1",
  description: "Drops exact and near duplicates and marks clusters",
  parse(options) {
    const parsed = schema.parse(options);
    if ((parsed.clusterThreshold ?? 0) > parsed.threshold) {
      throw new AttuneError(
        "OPTIONS_INVALID",
        `Expected clusterThreshold to be at most the threshold ${parsed.threshold}, but received ${parsed.clusterThreshold}.`,
        {
          details: { key: "clusterThreshold" },
        },
      );
    }
    if (parsed.keeper !== "best" || parsed.quality !== null) return parsed;
    throw new AttuneError(
      "OPTIONS_INVALID",
      'Expected the option "quality" of dedup to name a number in metadata, since keeper is "best".',
      {
        details: { key: "quality" },
      },
    );
  },
  async *run(records, options, context) {
    const finder = createDuplicateFinder(finderOptions(options), context);
    const traits = createTraits(options);
    const replay = await spillRecords(records, context.scratch, (record) => {
      traits.add(record);
      return finder.add(record.text);
    });
    if (traits.size() === 0) return;
    const sets = await finder.finish();
    const plan = choose(sets, traits);
    reportSets(sets, plan, context);
    let index = 0;
    for await (const record of replay()) {
      const kept = settle(record, index++, sets, plan, options, context);
      if (kept !== undefined) yield kept;
    }
  },
};

function finderOptions(options: DedupOptions): FinderOptions {
  const { shingleUnit: unit, shingleSize: size, clusterThreshold, ...rest } = options;
  return { ...rest, clusterThreshold: clusterThreshold ?? options.threshold, shingles: { unit, size } };
}

/** What the choice of a keeper needs to know of each record: its rank and its label. */
function createTraits(options: DedupOptions) {
  const ranks: NumberList<Float64Array> = createFloat64List();
  const labels = createUint32List();
  const numbers = new Map<string, number>();
  return {
    size: () => labels.length,
    add(record: TextRecord): void {
      ranks.push(rankOf(record, options));
      const label = record.label ?? "";
      if (!numbers.has(label)) numbers.set(label, numbers.size);
      labels.push(numbers.get(label)!);
    },
    rank: (index: number) => ranks.view()[index]!,
    label: (index: number) => labels.view()[index]!,
  };
}

function rankOf(record: TextRecord, { keeper, quality }: DedupOptions): number {
  if (keeper === "first") return 0;
  if (keeper === "longest") return record.text.replace(/\s+/g, "").length;
  const value = record.metadata?.[quality!];
  if (typeof value === "number") return value;
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected a number in metadata.${quality} of record "${record.id}", but received ${JSON.stringify(value)}.`,
    {
      details: { key: quality! },
    },
  );
}

interface DedupPlan {
  /** Keeper of each set, at the position of the set's root. */
  readonly keepers: Uint32Array;
  /** Whether the set at this root has several labels. */
  readonly conflicts: Uint8Array;
  /** Members of the cluster at this root, and the record whose hash names it. */
  readonly clusterSizes: Uint32Array;
  readonly clusterNames: Uint32Array;
}

function choose(sets: DuplicateSets, traits: ReturnType<typeof createTraits>): DedupPlan {
  const size = traits.size();
  const keepers = new Uint32Array(size);
  const conflicts = new Uint8Array(size);
  const clusterSizes = new Uint32Array(size);
  const clusterNames = new Uint32Array(size);
  const { high, low } = sets.hashes;
  for (let index = 0; index < size; index++) {
    const root = sets.duplicates.find(index);
    if (root === index) keepers[root] = index;
    else if (traits.rank(index) > traits.rank(keepers[root]!)) keepers[root] = index;
    if (traits.label(index) !== traits.label(root)) conflicts[root] = 1;
    const cluster = sets.clusters.find(index);
    if (clusterSizes[cluster]!++ === 0) clusterNames[cluster] = index;
    // The smallest hash names the cluster, so that the order of the records does not matter.
    const name = clusterNames[cluster]!;
    if (high[index]! < high[name]! || (high[index] === high[name] && low[index]! < low[name]!))
      clusterNames[cluster] = index;
  }
  return { keepers, conflicts, clusterSizes, clusterNames };
}

function settle(
  record: TextRecord,
  index: number,
  sets: DuplicateSets,
  plan: DedupPlan,
  options: DedupOptions,
  { counters }: DataStageContext,
): TextRecord | undefined {
  const root = sets.duplicates.find(index);
  const cluster = sets.clusters.find(index);
  const name = plan.clusterNames[cluster]!;
  const clusterId = hashToHex({ high: sets.hashes.high[name]!, low: sets.hashes.low[name]! });
  const isKeeper = plan.keepers[root] === index;
  if (plan.conflicts[root] === 1) {
    if (options.labelConflicts === "drop") {
      counters.dropped(record, "label-conflict", { value: clusterId });
      return undefined;
    }
    counters.flagged(record, "label-conflict", { value: clusterId });
  }
  if (!isKeeper && options.action === "drop") {
    const rule = sets.isExactCopy(index) ? "exact-duplicate" : "near-duplicate";
    counters.dropped(record, rule, {
      value: clusterId,
      ...(rule === "near-duplicate" ? { threshold: options.threshold } : {}),
    });
    return undefined;
  }
  if (plan.clusterSizes[cluster] === 1) return record;
  if (!isKeeper) counters.changed(record, "marked-duplicate", { value: clusterId });
  return { ...record, metadata: { ...record.metadata, cluster: clusterId, ...(isKeeper ? {} : { duplicate: true }) } };
}

function reportSets(sets: DuplicateSets, plan: DedupPlan, context: DataStageContext): void {
  let [clusters, largest, clustered] = [0, 0, 0];
  for (const size of plan.clusterSizes) {
    if (size < 2) continue;
    clusters += 1;
    clustered += size;
    largest = Math.max(largest, size);
  }
  const { done, skipped } = sets.comparisons;
  context.report("dedup", { clusters, clustered, largest, comparisons: done, skippedComparisons: skipped });
}

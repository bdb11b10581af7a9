import { createLeakCheck, type FunnelRow, funnelOf, type SplitReport } from "@attune/data-core";
import type { Part, PreparedData } from "./prepare-data.ts";
import type { DataParts } from "./read-parts.ts";

/** One part as a run uses it. */
export interface PartSummary {
  readonly name: Part;
  /** Records after limits. */
  readonly records: number;
  /** Records before limits. */
  readonly available: number;
  /** Records after limits by label; unlabelled ones under the empty text. */
  readonly perClass: Readonly<Record<string, number>>;
}

/** What is in the parts of a run. */
export interface PartsSummary {
  readonly parts: readonly PartSummary[];
  /** Groups that the split stage made; undefined where records came with their part. */
  readonly groups: SplitReport["groups"] | undefined;
  /** Texts and group keys that are in more than one part, counted over the records that are used. */
  readonly leaks: number;
  /** What each stage read and left out, and by which rule. */
  readonly funnel: readonly FunnelRow[];
}

/** What ties records together where no split stage says so: the cluster that the dedup stage gives them. */
const usualKeys = ["cluster"];

/** Counts what is in each part, and what is in several of them, from the records alone. */
export function summariseParts(parts: DataParts, { split, manifests }: PreparedData): PartsSummary {
  const names = ["train", "validation", "test"] as const;
  const options = manifests.find(({ report }) => report["split"] !== undefined)?.options;
  const leaks = createLeakCheck((options?.["groupBy"] as readonly string[] | undefined) ?? usualKeys);
  const summaries = names.map((name) => {
    const perClass: Record<string, number> = {};
    for (const record of parts[name]) {
      leaks.visit(record, name);
      const label = record.label ?? "";
      perClass[label] = (perClass[label] ?? 0) + 1;
    }
    return { name, records: parts[name].length, available: parts.available[name], perClass };
  });
  return { parts: summaries, groups: split?.groups, leaks: leaks.count(), funnel: funnelOf(manifests) };
}

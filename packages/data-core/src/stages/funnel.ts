import type { JsonValue } from "@attune/spec";
import type { RuleAction } from "./stage-counters.ts";
import type { StageManifest } from "./stage-manifest.ts";

/** One bar of the funnel: what a stage read, and what became of it. */
export interface FunnelRow {
  /** Id of the stage. */
  readonly stage: string;
  /** Records that came in. */
  readonly read: number;
  /** Records that came out. */
  readonly kept: number;
  /** Records that did not. */
  readonly dropped: number;
  /** Records that some rule changed, also when a later one dropped them. */
  readonly changed: number;
  /** What each rule did, most frequent first. */
  readonly rules: readonly {
    readonly rule: string;
    readonly action: RuleAction;
    readonly count: number;
    readonly threshold?: JsonValue;
  }[];
}

/** Turns the manifests of a pipeline into the rows of the report's funnel. */
export function funnelOf(manifests: readonly StageManifest[]): FunnelRow[] {
  return manifests.map(({ stage, counts, rules }) => ({
    stage,
    read: counts.read,
    kept: counts.kept,
    dropped: counts.dropped,
    changed: counts.changed,
    rules: rules.map(({ sample: _, ...rule }) => rule).sort((first, second) => second.count - first.count),
  }));
}

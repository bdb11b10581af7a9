import type { DataStage } from "@attune/data-core";
import { dedupStage } from "@attune/data-dedup";
import type { VerbAction } from "../verb.ts";
import type { DataDedupOptions } from "../verbs/data-dedup.ts";
import { runStages } from "./run-stages.ts";

/** Drops duplicates. */
export const dataDedup: VerbAction<DataDedupOptions> = async (options, context) => {
  const { near, threshold, keeper, action, labelConflicts } = options;
  const stage = {
    stage: dedupStage as DataStage,
    options: { near, threshold, keeper, action, labelConflicts, ...clusters(threshold) },
  };
  return (await runStages([stage], options, context)).result;
};

/** Clusters that are looser than the duplicates make no sense, so a threshold below the default moves both. */
function clusters(threshold: number | undefined): { clusterThreshold?: null } {
  return threshold === undefined ? {} : { clusterThreshold: null };
}

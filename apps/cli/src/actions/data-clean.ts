import { cleanStage, parseStage } from "@attune/data-clean";
import type { DataStage } from "@attune/data-core";
import type { VerbAction } from "../verb.ts";
import type { DataCleanOptions } from "../verbs/data-clean.ts";
import { runStages, type StageToRun } from "./run-stages.ts";

/** Parses and cleans. */
export const dataClean: VerbAction<DataCleanOptions> = async (options, context) => {
  const { parse, packs, quotes, quotedReplies, signatures, listMarks } = options;
  const stages: StageToRun[] = [
    { stage: cleanStage as DataStage, options: { packs, quotes, quotedReplies, signatures, listMarks } },
  ];
  if (parse !== "none") stages.unshift({ stage: parseStage as DataStage, options: { format: parse } });
  return (await runStages(stages, options, context)).result;
};

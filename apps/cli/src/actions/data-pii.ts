import type { DataStage } from "@attune/data-core";
import { piiStage } from "@attune/data-pii";
import type { VerbAction } from "../verb.ts";
import type { DataPiiOptions } from "../verbs/data-pii.ts";
import { runStages } from "./run-stages.ts";

/** Masks personal data. */
export const dataPii: VerbAction<DataPiiOptions> = async (options, context) => {
  const { types, threshold, action } = options;
  return (await runStages([{ stage: piiStage as DataStage, options: { types, threshold, action } }], options, context))
    .result;
};

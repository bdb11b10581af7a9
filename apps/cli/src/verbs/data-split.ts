import { addDataInput, addDataOutput, type DataStageOptions } from "../options/data-options.ts";
import { integerFrom, numberIn, words } from "../options/option-parsers.ts";
import type { Verb } from "../verb.ts";

export interface DataSplitOptions extends DataStageOptions {
  readonly validation?: number;
  readonly test?: number;
  readonly groupBy?: readonly string[];
  readonly stratifyBy?: readonly string[];
  readonly seed?: number;
}

/** Train, validation and test. */
export const dataSplitVerb: Verb<DataSplitOptions> = {
  name: "data split",
  summary: "split into train, validation and test so that no group is in two of them",
  examples: [
    "attune data split --input ./masked --validation 0.1 --test 0.2 --output ./split",
    "attune data split --input tickets.csv --keep customer --group-by customer --output ./split",
  ],
  interruptible: true,
  configure(command) {
    addDataInput(command);
    addDataOutput(command.optionsGroup("Options:"));
    command
      .option("--validation <share>", "share below 1, or a count of records (default: 0.1)", numberIn({ minimum: 0 }))
      .option("--test <share>", "share below 1, or a count of records (default: 0.1)", numberIn({ minimum: 0 }))
      .option("--group-by <names>", "metadata that ties records together (default: cluster,thread,sender)", words)
      .option("--stratify-by <names>", "label, or metadata that parts hold in equal shares (default: label)", words)
      .option("--seed <number>", "another seed chooses other groups (default: 0)", integerFrom(0));
  },
  load: async () => (await import("../actions/data-split.ts")).dataSplit,
};

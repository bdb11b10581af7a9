import { addDataInput, addDataOutput, type DataStageOptions } from "../options/data-options.ts";
import { numberIn } from "../options/option-parsers.ts";
import type { Verb } from "../verb.ts";

export interface DataDedupOptions extends DataStageOptions {
  readonly near: boolean;
  readonly threshold?: number;
  readonly keeper?: string;
  readonly action?: string;
  readonly labelConflicts?: string;
}

/** Exact and near duplicates. */
export const dataDedupVerb: Verb<DataDedupOptions> = {
  name: "data dedup",
  summary: "drop exact and near duplicates, keeping one of each set",
  examples: ["attune data dedup --input ./clean --threshold 0.8 --output ./unique"],
  interruptible: true,
  configure(command) {
    addDataInput(command);
    addDataOutput(command.optionsGroup("Options:"));
    command
      .option("--no-near", "look for exact duplicates only")
      .option(
        "--threshold <similarity>",
        "Jaccard similarity from which two texts are duplicates (default: 0.8)",
        numberIn({ above: 0, maximum: 1 }),
      )
      .option("--keeper <which>", "which one is kept: first, longest or best (default: first)")
      .option("--action <action>", "drop duplicates, or only mark them: drop or mark (default: drop)")
      .option("--label-conflicts <policy>", "duplicates with different labels: keeper or drop (default: keeper)");
  },
  load: async () => (await import("../actions/data-dedup.ts")).dataDedup,
};

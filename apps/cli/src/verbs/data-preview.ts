import { addDataInput, type DataInputOptions } from "../options/data-options.ts";
import { integerFrom } from "../options/option-parsers.ts";
import type { Verb } from "../verb.ts";

export interface DataPreviewOptions extends DataInputOptions {
  readonly count: number;
  readonly seed: number;
  readonly full?: boolean;
}

/** A few records. */
export const dataPreviewVerb: Verb<DataPreviewOptions> = {
  name: "data preview",
  summary: "show a few records, chosen at random by seed",
  examples: ["attune data preview --input ./clean --count 3"],
  configure(command) {
    addDataInput(command);
    command
      .optionsGroup("Options:")
      .option("--count <number>", "how many", integerFrom(1), 5)
      .option("--seed <number>", "another seed shows others", integerFrom(0), 0)
      .option("--full", "show whole texts instead of their first lines");
  },
  load: async () => (await import("../actions/data-preview.ts")).dataPreview,
};

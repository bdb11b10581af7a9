import { addDataInput, addDataOutput, type DataStageOptions } from "../options/data-options.ts";
import { numberIn, words } from "../options/option-parsers.ts";
import type { Verb } from "../verb.ts";

export interface DataPiiOptions extends DataStageOptions {
  readonly types?: readonly string[];
  readonly threshold?: number;
  readonly action?: string;
}

/** Personal data. */
export const dataPiiVerb: Verb<DataPiiOptions> = {
  name: "data pii",
  summary: "mask e-mail addresses, phone numbers, URLs, IP addresses, card numbers and IBANs",
  examples: ["attune data pii --input ./unique --types email,phone --output ./masked"],
  interruptible: true,
  configure(command) {
    addDataInput(command);
    addDataOutput(command.optionsGroup("Options:"));
    command
      .option("--types <names>", "what is looked for (default: email,url,iban,card,ip,phone)", words)
      .option("--threshold <score>", "smallest score of a match (default: 0.5)", numberIn({ minimum: 0, maximum: 1 }))
      .option("--action <action>", "mask matches, or only count them: mask or flag (default: mask)");
  },
  load: async () => (await import("../actions/data-pii.ts")).dataPii,
};

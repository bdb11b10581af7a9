import { Option } from "commander";
import { addDataInput, addDataOutput, type DataStageOptions } from "../options/data-options.ts";
import { words } from "../options/option-parsers.ts";
import type { Verb } from "../verb.ts";

export interface DataCleanOptions extends DataStageOptions {
  readonly parse: "auto" | "mail" | "html" | "text" | "none";
  readonly packs?: readonly string[];
  readonly quotes?: string;
  readonly quotedReplies?: string;
  readonly signatures?: string;
  readonly listMarks?: string;
}

/** Mail and HTML to text, then repairs and rules. */
export const dataCleanVerb: Verb<DataCleanOptions> = {
  name: "data clean",
  summary: "turn mail and HTML into text, repair it, drop what no one should learn from",
  examples: [
    "attune data clean --input mails.mbox --parse mail --output ./clean",
    'attune data clean --input web.jsonl --packs basic,gopher-quality --set "thresholds={\\"gopher-quality/words.minimum\\":20}" --output clean.jsonl',
  ],
  interruptible: true,
  configure(command) {
    addDataInput(command);
    addDataOutput(command.optionsGroup("Options:"));
    command
      .addOption(
        new Option("--parse <kind>", "what the texts are; auto decides for each record, none leaves them")
          .choices(["auto", "mail", "html", "text", "none"])
          .default("auto"),
      )
      .option("--packs <names>", "packs of quality rules (default: basic)", words)
      .option("--quotes <policy>", "typographic quotes: keep or ascii (default: keep)")
      .option("--quoted-replies <policy>", "lines a mail quotes: remove or keep (default: remove)")
      .option("--signatures <policy>", "signatures of mails: remove or keep (default: remove)")
      .option("--list-marks <policy>", "footers and tags of mailing lists: remove or keep (default: remove)");
  },
  load: async () => (await import("../actions/data-clean.ts")).dataClean,
};

import { Option } from "commander";
import { addFileReading, type FileReadingOptions } from "../options/data-options.ts";
import type { OutputOptions, Verb } from "../verb.ts";

export interface InitOptions extends OutputOptions, FileReadingOptions {
  readonly data?: string;
  readonly task?: "classification" | "generation" | "perplexity";
  readonly model: string;
  readonly name?: string;
  readonly output: string;
  readonly yes?: boolean;
}

/** A recipe for one's own data. */
export const initVerb: Verb<InitOptions> = {
  name: "init",
  summary: "write a recipe for your own data",
  examples: [
    "attune init",
    "attune init --data tickets.csv --columns text=body,label=queue --output tickets.yaml",
    "attune init --data docs --include '**/*.md'",
  ],
  configure(command) {
    command.option(
      "--data <path>",
      "your records: JSONL, JSON, CSV, text or mbox, or a folder of them (asked for on a terminal)",
    );
    addFileReading(command);
    command
      .addOption(
        new Option("--task <task>", "what the model is to do (default: what the records look like)").choices([
          "classification",
          "generation",
          "perplexity",
        ]),
      )
      .option("--model <model>", "a Hugging Face folder, or a name such as attune:tiny", "attune:tiny")
      .option("--name <name>", "name of the run (default: that of the data file)")
      .option("--output <file>", "the recipe", "recipe.yaml")
      .option("--yes", "ask nothing, take every default");
  },
  load: async () => (await import("../actions/init.ts")).init,
};

import { type Command, Option } from "commander";
import { addPluginOption } from "../options/model-options.ts";
import type { ComputeOptions, OutputOptions, Verb } from "../verb.ts";

export interface MergeOptions extends OutputOptions, ComputeOptions {
  readonly model: string;
  readonly adapter: string;
  readonly output: string;
  readonly dtype: "bf16" | "f16" | "f32";
  readonly plugin: readonly string[];
}

/** Adapter into base. */
export const mergeVerb: Verb<MergeOptions> = {
  name: "merge",
  summary: "merge an adapter into its base model",
  examples: ["attune merge --model attune:tiny --adapter ./run/adapter --output ./merged"],
  computes: true,
  interruptible: true,
  configure(command: Command) {
    command
      .optionsGroup("Model:")
      .requiredOption("--model <model>", "the base: a Hugging Face folder, or a name such as attune:tiny")
      .requiredOption("--adapter <folder>", "a PEFT adapter folder")
      .requiredOption("--output <folder>", "folder for the merged model, in Hugging Face's form")
      .addOption(
        new Option("--dtype <type>", "element type of the file").choices(["bf16", "f16", "f32"]).default("bf16"),
      );
    addPluginOption(command);
  },
  load: async () => (await import("../actions/merge.ts")).merge,
};

import { type Command, Option } from "commander";
import type { ComputeOptions, OutputOptions } from "../verb.ts";
import { collectWords, integerFrom } from "./option-parsers.ts";

/** Options of verbs that use a model. */
export interface ModelOptions extends OutputOptions, ComputeOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly storage: "as-is" | "f32" | "bf16" | "f16";
  readonly contextLength?: number;
  readonly plugin: readonly string[];
}

/** Which model, with which adapter, from which plugins. */
export function addModelOptions(command: Command): void {
  command
    .optionsGroup("Model:")
    .requiredOption("--model <model>", "a Hugging Face folder, or a name such as attune:tiny")
    .option("--adapter <folder>", "a PEFT adapter folder")
    .addOption(
      new Option("--storage <format>", "how matrices are kept in memory")
        .choices(["as-is", "f32", "bf16", "f16"])
        .default("as-is"),
    )
    .option(
      "--context-length <tokens>",
      "most tokens of a row (default: as many as the model was made for, up to 8192)",
      integerFrom(2),
    );
  addPluginOption(command);
  command.optionsGroup("Options:");
}

/** Packages that bring further methods and stages. */
export function addPluginOption(command: Command): void {
  command.option("--plugin <package>", "npm package with further methods or stages; repeatable", collectWords, []);
}

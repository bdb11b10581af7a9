import { type Command, Option } from "commander";
import type { OutputOptions } from "../verb.ts";
import { collectSettings, columnPairs, type Setting } from "./option-parsers.ts";

/** Options of verbs that read records. */
export interface DataInputOptions extends OutputOptions {
  readonly input?: string;
  readonly package?: string;
  readonly format: string;
  readonly unit: string;
  readonly columns?: Readonly<Record<string, string>>;
}

/** Options of verbs that run a data stage. */
export interface DataStageOptions extends DataInputOptions {
  readonly output: string;
  readonly set: readonly Setting[];
}

/** Where records come from. */
export function addDataInput(command: Command): void {
  command
    .optionsGroup("Input:")
    .option("--input <path>", "JSONL, JSON, CSV, text or mbox file, a folder of them, or the output of another stage")
    .option("--package <name>", "npm package whose default export is the rows, instead of --input")
    .addOption(
      new Option("--format <format>", "format of the files")
        .choices(["auto", "jsonl", "json", "csv", "text", "mbox"])
        .default("auto"),
    )
    .addOption(
      new Option("--unit <unit>", "what is one record of a text file")
        .choices(["file", "paragraph", "line"])
        .default("file"),
    )
    .option("--columns <pairs>", "which column plays which role, for example text=body,label=class", columnPairs);
}

/** Where a stage writes, and options beyond its own flags. */
export function addDataOutput(command: Command): void {
  command
    .requiredOption("--output <path>", "folder for records.jsonl and manifest.json, or a .jsonl file")
    .option("--set <key=value>", "any further option of the stage; repeatable", collectSettings, []);
}

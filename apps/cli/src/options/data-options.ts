import type { ColumnMapping, FileFormat, TextUnit } from "@attune/data-core";
import { type Command, Option } from "commander";
import type { OutputOptions } from "../verb.ts";
import { collectSettings, collectWords, columnPairs, type Setting, words } from "./option-parsers.ts";

/** Which files of a folder are read, and how. */
export interface FileReadingOptions {
  readonly include?: readonly string[];
  readonly format?: FileFormat | "auto";
  readonly unit?: TextUnit;
  readonly columns?: ColumnMapping;
  readonly keep?: readonly string[];
}

/** Options of verbs that read records. */
export interface DataInputOptions extends OutputOptions, FileReadingOptions {
  readonly input?: string;
  readonly package?: string;
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
    .option("--package <name>", "npm package whose default export is the rows, instead of --input");
  addFileReading(command);
}

/** How files are read, for every verb that opens some. */
export function addFileReading(command: Command): void {
  command
    .option("--include <glob>", "files of the folder to read, such as '**/*.md'; repeatable", collectWords)
    .addOption(
      new Option("--format <format>", "format of the files (default: what each looks like)").choices([
        "auto",
        "jsonl",
        "json",
        "csv",
        "text",
        "mbox",
      ]),
    )
    .addOption(
      new Option("--unit <unit>", "what is one record of a text file (default: the file)").choices([
        "file",
        "paragraph",
        "line",
      ]),
    )
    .option("--columns <pairs>", "which column plays which role, for example text=body,label=class", columnPairs)
    .option("--keep <names>", "further columns kept in metadata, by which records are grouped or stratified", words);
}

/** Where a stage writes, and options beyond its own flags. */
export function addDataOutput(command: Command): void {
  command
    .requiredOption("--output <path>", "folder for records.jsonl and manifest.json, or a .jsonl file")
    .option("--set <key=value>", "any further option of the stage; repeatable", collectSettings, []);
}

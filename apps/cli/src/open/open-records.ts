import { existsSync } from "node:fs";
import { join } from "node:path";
import { manifestFileName, openSource, type RecordSource, stageSource } from "@attune/data-core";
import { AttuneError } from "@attune/spec";
import type { DataInputOptions } from "../options/data-options.ts";
import { sourceFrom } from "../options/source-from.ts";

/** Opens the records that `--input` or `--package` name; a folder with a manifest is read as a stage's output. */
export async function openRecords(options: DataInputOptions): Promise<RecordSource> {
  const { input, package: packageName, columns } = options;
  if ((input === undefined) === (packageName === undefined)) {
    throw new AttuneError("OPTIONS_INVALID", "Expected either --input or --package.", {
      hint: "For example: --input mails.jsonl",
    });
  }
  if (input !== undefined && existsSync(join(input, manifestFileName))) return stageSource(input);
  const config =
    input === undefined ? { package: packageName, ...(columns && { columns }) } : sourceFrom(options, input);
  return openSource(config, { baseDirectory: process.cwd() });
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { openSource, type RecordSource, stageSource } from "@attune/data-core";
import { AttuneError } from "@attune/spec";
import type { DataInputOptions } from "../options/data-options.ts";

/** Opens the records that `--input` or `--package` name; a folder with a manifest is read as a stage's output. */
export async function openRecords(options: DataInputOptions): Promise<RecordSource> {
  const { input, package: packageName, include, format, unit, columns } = options;
  if ((input === undefined) === (packageName === undefined)) {
    throw new AttuneError("OPTIONS_INVALID", "Expected either --input or --package.", {
      hint: "For example: --input mails.jsonl",
    });
  }
  if (input !== undefined && existsSync(join(input, "manifest.json"))) return stageSource(input);
  const config =
    packageName === undefined ? { path: input, include, format, unit, columns } : { package: packageName, columns };
  return openSource(JSON.parse(JSON.stringify(config)), { baseDirectory: process.cwd() });
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { manifestFileName, openSource, type RecordSource, stageSource } from "@attune/data-core";
import { AttuneError } from "@attune/spec";
import type { DataInputOptions, FileReadingOptions } from "../options/data-options.ts";
import { sourceFrom } from "../options/source-from.ts";

/** Opens the records that `--input` or `--package` name; a folder with a manifest is read as a stage's output. */
export async function openRecords(options: DataInputOptions): Promise<RecordSource> {
  const { input, package: packageName, columns, keep } = options;
  if ((input === undefined) === (packageName === undefined)) {
    throw new AttuneError("OPTIONS_INVALID", "Expected either --input or --package.", {
      hint: "For example: --input mails.jsonl",
    });
  }
  if (input !== undefined && existsSync(join(input, manifestFileName))) {
    refuse(
      options,
      ["include", "format", "unit", "columns", "keep"],
      "the output of another stage, whose records are complete",
    );
    return stageSource(input);
  }
  if (input === undefined) refuse(options, ["include", "format", "unit"], "an npm package, which exports its rows");
  const config =
    input === undefined
      ? { package: packageName, ...(columns && { columns }), ...(keep && { keep }) }
      : sourceFrom(options, input);
  return openSource(config, { baseDirectory: process.cwd() });
}

/** Options that would do nothing. */
function refuse(options: DataInputOptions, names: readonly (keyof FileReadingOptions)[], of: string): void {
  const stray = names.find((name) => options[name] !== undefined);
  if (stray === undefined) return;
  throw new AttuneError("OPTIONS_INVALID", `Expected no --${stray} beside ${of}.`, {
    hint: `Leave --${stray} out, or read files by --input.`,
    details: { key: stray },
  });
}

import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { manifestFileName, readStageManifest, recordsFileName, scratchName, timingsFileName } from "@attune/data-core";
import { AttuneError } from "@attune/spec";

/** Files that a stage writes into its folder. */
const written = [recordsFileName, manifestFileName, timingsFileName];

/**
 * Makes sure that a stage's folder takes the place of neither its input nor of files that no stage wrote. Throws
 * `OPTIONS_INVALID` or `FILE_EXISTS`, before anything is read.
 */
export async function checkStageFolder(
  folder: string,
  input: string | undefined,
  parts: readonly string[],
): Promise<void> {
  const names = [...written, ...parts.map((part) => `${part}.jsonl`)];
  const output = real(folder);
  if (input !== undefined && [output, ...names.map((name) => join(output, name))].includes(real(input))) {
    throw new AttuneError("OPTIONS_INVALID", "Expected --output to be another folder than --input.", {
      hint: "The records that are read would be written over.",
    });
  }
  const present = existsSync(output) ? readdirSync(output) : [];
  const inTheWay = names.find((name) => present.includes(name));
  // A stage that was killed leaves the folder that it worked in.
  if (inTheWay === undefined || present.some((name) => name.startsWith(`${scratchName}.`))) return;
  const isStage = await readStageManifest(join(output, manifestFileName)).then(
    () => true,
    () => false,
  );
  if (isStage) return;
  throw new AttuneError(
    "FILE_EXISTS",
    `Expected to write into ${folder}, but it holds ${inTheWay}, which no stage wrote.`,
    {
      hint: "Choose another --output, or move the file away.",
      details: { file: join(output, inTheWay) },
    },
  );
}

function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

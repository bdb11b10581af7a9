// Runs data stages for the verbs `data clean`, `dedup`, `pii` and `split`: into a folder, or into one JSONL file with its
// manifest beside it.
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  type DataStage,
  funnelOf,
  manifestFileName,
  type RecordSource,
  recordsFileName,
  runDataStage,
  type StageResult,
} from "@attune/data-core";
import { acquireLock, removeTemporariesOf, temporaryPathFor } from "@attune/run-folder";
import { AttuneError, formatCount, type JsonObject } from "@attune/spec";
import { openRecords } from "../open/open-records.ts";
import type { DataStageOptions } from "../options/data-options.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbContext, VerbResult } from "../verb.ts";
import { checkStageFolder } from "./check-stage-folder.ts";

/** A stage with what its own flags say; `--set` comes on top. */
export interface StageToRun {
  readonly stage: DataStage;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What the stages left behind. */
export interface StagesRun {
  readonly results: readonly StageResult[];
  readonly result: VerbResult;
}

/**
 * Runs the stages one after the other; the last one's records are the output. `--set` goes to the last one. `parts` are written
 * beside the records afterwards.
 */
export async function runStages(
  stages: readonly StageToRun[],
  options: DataStageOptions,
  context: VerbContext,
  parts: readonly string[] = [],
): Promise<StagesRun> {
  const source = await openRecords(options);
  const prepared = prepare(stages, options);
  if (!/\.jsonl$/i.test(options.output)) {
    await checkStageFolder(options.output, options.input, parts);
    const lock = await acquireLock(options.output);
    const run = runInto(options.output, prepared, source, context);
    return finish(await run.finally(lock.release), options);
  }
  const target = await checkTarget(options);
  const lock = await acquireLock(dirname(target), basename(target));
  const run = runIntoFile(target, prepared, source, context);
  return finish(await run.finally(lock.release), options);
}

/** Works in a folder beside the file, whose records and manifests are then put in place. */
async function runIntoFile(
  target: string,
  stages: readonly StageToRun[],
  source: RecordSource,
  context: VerbContext,
): Promise<StageResult[]> {
  await removeTemporariesOf(`${target}.stage`);
  const folder = temporaryPathFor(`${target}.stage`);
  try {
    const results = await runInto(folder, stages, source, context);
    await rename(join(folder, recordsFileName), target);
    for (const { stage } of stages.slice(0, -1)) {
      await rename(join(folder, stage.id, manifestFileName), manifestBeside(target, `.${stage.id}`));
    }
    await rename(join(folder, manifestFileName), manifestBeside(target));
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function prepare(stages: readonly StageToRun[], { set }: DataStageOptions): StageToRun[] {
  const extra = Object.fromEntries(set.map(({ key, value }) => [key, value]));
  return stages.map(({ stage, options }, index) => {
    const given = { ...options, ...(index === stages.length - 1 ? extra : {}) };
    const complete = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    stage.parse(complete);
    return { stage, options: complete };
  });
}

/** Refuses to write over the input, and over a file that no stage wrote. */
async function checkTarget({ input, output }: DataStageOptions): Promise<string> {
  const target = resolve(output);
  if (input !== undefined && resolve(input) === target) {
    throw new AttuneError("OPTIONS_INVALID", "Expected --output to be another file than --input.", {
      hint: "The records that are read would be written over.",
    });
  }
  if (existsSync(target) && !existsSync(manifestBeside(target))) {
    throw new AttuneError("FILE_EXISTS", `Expected to write ${output}, but a file that no stage wrote is there.`, {
      hint: "Choose another --output, or remove the file.",
      details: { file: output },
    });
  }
  return target;
}

function manifestBeside(target: string, suffix = ""): string {
  return target.replace(/\.jsonl$/i, `${suffix}.manifest.json`);
}

async function runInto(
  output: string,
  stages: readonly StageToRun[],
  source: RecordSource,
  { signal, onProgress, note }: VerbContext,
): Promise<StageResult[]> {
  const results: StageResult[] = [];
  for (const [index, { stage, options }] of stages.entries()) {
    const folder = index === stages.length - 1 ? output : join(output, stage.id);
    const from = results.at(-1)?.source ?? source;
    const result = await runDataStage({ stage, options, source: from, output: folder, signal, onProgress });
    if (result.cached) note(`${stage.id}: the same input and options gave this result before; it is used again.`);
    results.push(result);
  }
  return results;
}

function finish(results: readonly StageResult[], { output }: DataStageOptions): StagesRun {
  const manifests = results.map(({ manifest }) => manifest);
  const funnel = funnelOf(manifests);
  const rows = funnel.flatMap(({ stage, read, kept, dropped, changed, rules }) => [
    [stage, formatCount(read), formatCount(kept), formatCount(dropped), formatCount(changed)],
    ...rules.map(({ rule, action, count }) => [`  ${rule}`, "", "", ...ruleCells(action, count)]),
  ]);
  const table = renderTable(["stage", "read", "kept", "dropped", "changed"], rows);
  const json = { output, funnel, report: manifests.at(-1)!.report } as unknown as JsonObject;
  return { results, result: { json, text: `${table}\nwritten to ${output}` } };
}

function ruleCells(action: string, count: number): [string, string] {
  if (action === "dropped") return [formatCount(count), ""];
  return ["", `${formatCount(count)}${action === "changed" ? "" : ` ${action}`}`];
}

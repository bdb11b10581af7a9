import { constants } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  hashFile,
  hashJson,
  removeTemporariesOf,
  type StageCache,
  temporaryPathFor,
  writeJsonAtomic,
} from "@attune/run-folder";
import {
  AttuneError,
  describeValue,
  type JsonObject,
  type JsonValue,
  type ProgressListener,
  type TextRecord,
  throwIfAborted,
} from "@attune/spec";
import { writeJsonLines } from "../io/write-records.ts";
import { isRecord } from "../records/is-record.ts";
import type { RecordSource } from "../sources/record-source.ts";
import type { DataStage } from "./data-stage.ts";
import { type CountingCounters, createCounters } from "./stage-counters.ts";
import {
  manifestFileName,
  readStageManifest,
  recordsFileName,
  type StageManifest,
  scratchName,
  timingsFileName,
} from "./stage-manifest.ts";
import { stageSource } from "./stage-source.ts";

/** One stage to run. */
export interface StageRun {
  /** The stage. */
  readonly stage: DataStage;
  /** Its options, as a recipe gives them. */
  readonly options?: unknown;
  /** Where its records come from. */
  readonly source: RecordSource;
  /** Folder for records.jsonl, manifest.json and timings.json. */
  readonly output: string;
  /** Results of other runs, by content. Without it, only what is in `output` already is used again. */
  readonly cache?: StageCache | undefined;
  /** Aborts the stage; nothing is left then. */
  readonly signal?: AbortSignal | undefined;
  /** Hears about every thousand records. */
  readonly onProgress?: ProgressListener | undefined;
  /** Bytes for buffers before a stage spills to disk. Default 128 MiB. */
  readonly memoryBudget?: number | undefined;
}

/** What a stage left behind. */
export interface StageResult {
  /** Folder with its files. */
  readonly directory: string;
  /** What it did. */
  readonly manifest: StageManifest;
  /** Whether the result was there already. */
  readonly cached: boolean;
  /** Its records, for the next stage. */
  readonly source: RecordSource;
}

/**
 * Runs a stage, or takes its result from the output folder or the cache when input, options and version are the same
 * and the file still has its hash.
 *
 * Throws what the stage throws, `DATA_EMPTY` when no record is read or none is kept, and `INTERNAL` when the stage
 * lost records without counting them as dropped.
 */
export async function runDataStage(run: StageRun): Promise<StageResult> {
  const { stage, output } = run;
  const options = stage.parse(run.options ?? {});
  const fingerprint = await run.source.fingerprint();
  const identity = { stage: stage.id, version: stage.version, options: options as JsonObject, input: fingerprint };
  const key = hashJson(identity);
  const prepared: PreparedRun = { run, options, fingerprint, key };
  const present = await readPresent(output, key);
  if (present !== undefined) return finish(output, present, true);
  if (run.cache === undefined) return finish(output, await produce(prepared, output), false);
  const entry = await run.cache.getOrCreate(identity, async (folder) => {
    await produce(prepared, folder);
  });
  await mkdir(output, { recursive: true });
  // The manifest last: without it, or with an older one, the folder does not count as a result.
  for (const name of [recordsFileName, timingsFileName, manifestFileName]) {
    await copyFile(join(entry.folder, name), join(output, name), constants.COPYFILE_FICLONE);
  }
  return finish(output, await readStageManifest(join(output, manifestFileName)), entry.status === "found");
}

interface PreparedRun {
  readonly run: StageRun;
  readonly options: unknown;
  readonly fingerprint: string;
  readonly key: string;
}

async function finish(directory: string, manifest: StageManifest, cached: boolean): Promise<StageResult> {
  return { directory, manifest, cached, source: await stageSource(directory) };
}

/** Returns the manifest in the folder when it is of this key and the records are as it says. */
async function readPresent(folder: string, key: string): Promise<StageManifest | undefined> {
  try {
    const manifest = await readStageManifest(join(folder, manifestFileName));
    if (manifest.key !== key) return undefined;
    return (await hashFile(join(folder, recordsFileName))) === manifest.output.hash ? manifest : undefined;
  } catch (error) {
    if (AttuneError.is(error) && (error.code === "FILE_NOT_FOUND" || error.code === "FILE_CORRUPT")) return undefined;
    throw error;
  }
}

async function produce({ run, options, fingerprint, key }: PreparedRun, folder: string): Promise<StageManifest> {
  const { stage, source, signal } = run;
  await mkdir(folder, { recursive: true });
  await removeTemporariesOf(join(folder, scratchName));
  const scratch = temporaryPathFor(join(folder, scratchName));
  await mkdir(scratch);
  const counters = createCounters();
  const report: Record<string, JsonValue> = {};
  const reader = countRead(source.open({ signal }), run);
  const started = performance.now();
  try {
    const context = {
      counters,
      scratch,
      memoryBudget: run.memoryBudget ?? 2 ** 27,
      signal,
      report: (name: string, value: JsonValue) => {
        report[name] = value;
      },
    };
    const written = await writeJsonLines(
      join(folder, recordsFileName),
      checkedRecords(stage.id, stage.run(reader.records, options, context)),
    );
    if (!reader.isFinished()) throw unread(stage.id, reader.count());
    const counts = { read: reader.count(), kept: written.records, ...counters.totals() };
    checkCounts(stage.id, counts, counters);
    const manifest: StageManifest = {
      specificationVersion: 1,
      stage: stage.id,
      version: stage.version,
      options: options as JsonObject,
      key,
      input: { fingerprint, source: source.description },
      output: written,
      counts,
      rules: counters.rules(),
      report,
    };
    await writeManifest(folder, manifest, (performance.now() - started) / 1000);
    return manifest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Records without a manifest are no result, so that they go where it cannot be written. */
async function writeManifest(folder: string, manifest: StageManifest, seconds: number): Promise<void> {
  try {
    await writeJsonAtomic(join(folder, timingsFileName), { seconds });
    await writeJsonAtomic(join(folder, manifestFileName), manifest as unknown as JsonValue);
  } catch (error) {
    await rm(join(folder, recordsFileName), { force: true });
    throw error;
  }
}

interface CountedRecords {
  readonly records: AsyncIterable<TextRecord>;
  count(): number;
  isFinished(): boolean;
}

function countRead(records: AsyncIterable<TextRecord>, run: StageRun): CountedRecords {
  let done = 0;
  let finished = false;
  async function* counted(): AsyncGenerator<TextRecord> {
    for await (const record of records) {
      done += 1;
      if (done % 1000 === 0) {
        throwIfAborted(run.signal);
        run.onProgress?.({ stage: run.stage.id, done, unit: "records" });
      }
      yield record;
    }
    finished = true;
  }
  return { records: counted(), count: () => done, isFinished: () => finished };
}

/** What a stage gives, if it is records. */
async function* checkedRecords(stage: string, records: AsyncIterable<TextRecord>): AsyncGenerator<TextRecord> {
  for await (const record of records) {
    if (!isRecord(record)) {
      throw new AttuneError(
        "INTERNAL",
        `Expected the stage ${stage} to give records with id, text and source, but received ${describeValue(record)}.`,
        {
          hint: "A stage gives the records that it was given, changed by mapTexts or a spread; report this to its author.",
        },
      );
    }
    yield record;
  }
}

function unread(stage: string, count: number): AttuneError {
  return new AttuneError("INTERNAL", `The stage ${stage} ended after ${count} records although there were more.`, {
    hint: "A stage reads all records and counts those it drops; report this to its author.",
  });
}

function checkCounts(stage: string, counts: StageManifest["counts"], counters: CountingCounters): void {
  const { read, created, kept, dropped } = counts;
  if (read + created !== kept + dropped) {
    throw new AttuneError(
      "INTERNAL",
      `The stage ${stage} read ${read} records and created ${created}, but kept ${kept} and dropped ${dropped}.`,
      {
        hint: "A stage counts every record that does not come out; report this to its author.",
      },
    );
  }
  if (kept > 0) return;
  const rules = counters.rules().map((rule) => `${rule.rule} ${rule.count}`);
  throw new AttuneError(
    "DATA_EMPTY",
    read === 0
      ? `The stage ${stage} received no records.`
      : `The stage ${stage} dropped all ${read} records: ${rules.join(", ")}.`,
    { hint: read === 0 ? "Check the source." : "Loosen the options of the rule that dropped most." },
  );
}

// A run folder that is open: locked, cleaned up after a kill, with the configuration it belongs to, and a log of the stages that
// are done. A stage is done when its result is in the log; everything it wrote was made durable before.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  acquireLock,
  hashFile,
  hashJson,
  openFolder,
  type RunFolderLayout,
  readJson,
  removeTemporaryFiles,
  runFolderLayout,
  writeFileAtomic,
  writeJsonAtomic,
} from "@attune/run-folder";
import { AttuneError, describeValue, type JsonObject, type JsonValue, toAttuneError } from "@attune/spec";
import { formatPath, leafPaths, valueAt } from "../config/config-path.ts";
import { formatRecipe, readRunRecipe } from "../config/format-recipe.ts";
import type { RecipeConfig } from "../config/recipe-config.ts";
import { packageVersion } from "../toolbox/package-version.ts";

/** Name of the log of stages in the run folder. */
const stageLog = "stages.json";

/** A stage of a run. */
interface StageDefinition<Result extends JsonValue> {
  readonly name: string;
  /** Everything that its result depends on. */
  readonly key: JsonValue;
  /** Files and folders that it leaves behind, below the run folder. Folders are written by `replaceFolder`. */
  readonly outputs?: readonly string[] | undefined;
  run(): Promise<Result>;
}

/** One stage in the log. */
export interface StageRecord {
  readonly name: string;
  readonly cached: boolean;
  readonly seconds: number;
}

/** An open run folder. */
export interface RunSession {
  readonly layout: RunFolderLayout;
  /** Whether the folder held a run before. */
  readonly resumed: boolean;
  /** Stages so far, in order. */
  readonly stages: readonly StageRecord[];
  /** Runs a stage, or returns its result where the log has it under the same key and its outputs are as they were written. */
  stage<Result extends JsonValue>(definition: StageDefinition<Result>): Promise<Result>;
  /** Gives the lock back. */
  close(): Promise<void>;
}

/** What is kept of a finished stage. */
interface StageEntry {
  readonly key: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly result: JsonValue;
}

/**
 * Opens a run folder for one configuration.
 *
 * @throws AttuneError `RUN_LOCKED` while another process uses it, `FILE_EXISTS` where it holds a run and `resume` is false,
 * `RUN_MISMATCH` naming the keys that differ where it is a run of another configuration
 */
export async function openRunFolder(
  folder: string,
  config: RecipeConfig,
  { resume }: { readonly resume: boolean },
): Promise<RunSession> {
  const layout = runFolderLayout(folder);
  const lock = await acquireLock(folder);
  try {
    await removeTemporaryFiles(folder);
    const resumed = await claimFolder(layout, config, resume);
    return createSession(layout, resumed, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Checks that the folder belongs to this configuration, or makes it so. A run that failed before anything of it was done,
 * because its data was not there or its model was not, leaves the folder free for another try.
 */
async function claimFolder(layout: RunFolderLayout, config: RecipeConfig, resume: boolean): Promise<boolean> {
  const text = formatRecipe(config);
  if (!(await exists(layout.config)) || (!resume && !(await holdsResults(layout)))) {
    await writeFileAtomic(layout.config, text);
    return false;
  }
  if (!resume) {
    throw new AttuneError("FILE_EXISTS", `The folder ${layout.folder} already holds a run.`, {
      hint: "Go on with it by --resume, or choose another --output.",
      details: { file: layout.config },
    });
  }
  const { config: before } = await readRunRecipe(layout.folder);
  const differing = differingKeys(before, config);
  if (differing.length > 0) {
    throw new AttuneError(
      "RUN_MISMATCH",
      `The run in ${layout.folder} is of another configuration: ${differing.map(sentence).join(", ")}.`,
      {
        hint: "Resume by --resume and --output alone, which takes the recipe of the run, or choose another --output.",
        details: { file: layout.config, keys: differing.map(({ name }) => name) },
      },
    );
  }
  return true;
}

/** Whether a stage was done or a step was taken. Data stages are told apart by what they were made of. */
async function holdsResults({ folder, checkpoint, metrics }: RunFolderLayout): Promise<boolean> {
  for (const path of [join(folder, stageLog), checkpoint, metrics]) if (await exists(path)) return true;
  return false;
}

/** Keys that may change between a run and its resumption: they change no number. */
const freeKeys = new Set(["output", "threads", "memory"]);

/** A value of the run, and the one that was asked for. */
interface Difference {
  readonly name: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

function differingKeys(before: RecipeConfig, after: RecipeConfig): Difference[] {
  const [left, right] = [before as unknown as JsonValue, after as unknown as JsonValue];
  const paths = new Map([...leafPaths(left), ...leafPaths(right)].map(({ path }) => [formatPath(path), path]));
  return [...paths]
    .filter(([name]) => !freeKeys.has(name))
    .map(([name, path]) => ({ name, before: valueAt(left, path), after: valueAt(right, path) }))
    .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after));
}

function sentence({ name, before, after }: Difference): string {
  return `${name} is ${describeValue(before)} there and ${describeValue(after)} here`;
}

function createSession(layout: RunFolderLayout, resumed: boolean, release: () => Promise<void>): RunSession {
  const log = join(layout.folder, stageLog);
  const stages: StageRecord[] = [];
  let entries: Record<string, StageEntry> | undefined;
  // Stages may run inside others; each counts its own time alone.
  let innerSeconds = 0;
  return {
    layout,
    resumed,
    stages,
    async stage({ name, key, outputs = [], run }) {
      entries ??= await readLog(log);
      const hash = hashJson([packageVersion, key]);
      const known = entries[name];
      if (known?.key === hash && (await outputsStand(layout.folder, known.outputs))) {
        stages.push({ name, cached: true, seconds: known.seconds });
        return known.result as never;
      }
      const started = performance.now();
      const around = innerSeconds;
      innerSeconds = 0;
      const result = await run();
      const whole = (performance.now() - started) / 1000;
      const seconds = whole - innerSeconds;
      innerSeconds = around + whole;
      entries = {
        ...entries,
        [name]: { key: hash, outputs: await hashOutputs(layout.folder, outputs), seconds, result },
      };
      await writeJsonAtomic(log, { version: 1, stages: entries } as unknown as JsonValue);
      stages.push({ name, cached: false, seconds });
      return result;
    },
    close: release,
  };
}

async function readLog(file: string): Promise<Record<string, StageEntry>> {
  if (!(await exists(file))) return {};
  const document = (await readJson(file)) as JsonObject | null;
  if (document?.["version"] === 1 && typeof document["stages"] === "object" && document["stages"] !== null) {
    return document["stages"] as unknown as Record<string, StageEntry>;
  }
  throw new AttuneError("FILE_CORRUPT", `Expected the log of a run's stages in ${file}, but it holds something else.`, {
    hint: "Delete the file: the stages then run again.",
    details: { file },
  });
}

async function hashOutputs(folder: string, outputs: readonly string[]): Promise<Record<string, string>> {
  const hashes: [string, string][] = [];
  for (const output of outputs) hashes.push([output, await hashOutput(join(folder, output))]);
  return Object.fromEntries(hashes);
}

/** A folder's hash is that of its manifest, after every file was compared with it. */
async function hashOutput(path: string): Promise<string> {
  if ((await stat(path)).isFile()) return hashFile(path);
  await openFolder(path);
  return hashFile(join(path, "files.json"));
}

/** Whether what a stage wrote is still there. What is there but damaged is made again. */
async function outputsStand(folder: string, outputs: Readonly<Record<string, string>>): Promise<boolean> {
  for (const [output, hash] of Object.entries(outputs)) {
    try {
      if ((await hashOutput(join(folder, output))) !== hash) return false;
    } catch (error) {
      const { code } = toAttuneError(error);
      if (code === "FILE_NOT_FOUND" || code === "FILE_CORRUPT" || code === "INPUT_INVALID") return false;
      throw error;
    }
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (toAttuneError(error).code === "FILE_NOT_FOUND") return false;
    throw toAttuneError(error);
  }
}

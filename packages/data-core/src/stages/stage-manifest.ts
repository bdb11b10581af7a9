import { readJson } from "@attune/run-folder";
import { AttuneError, type JsonObject } from "@attune/spec";
import type { RuleCount } from "./stage-counters.ts";

/** Name of the file with the records of a stage. */
export const recordsFileName = "records.jsonl";
/** Name of the manifest beside it. */
export const manifestFileName = "manifest.json";
/** Name of the file with the times, kept apart so that the manifest is the same for the same input. */
export const timingsFileName = "timings.json";
/** Begins the name of the folder in which a stage works, beside its records. */
export const scratchName = ".scratch";

/** What a stage did: enough to repeat it, and to say which rule did what to how many records. */
export interface StageManifest {
  /** Version of this form. */
  readonly specificationVersion: 1;
  /** Id of the stage. */
  readonly stage: string;
  /** Version of the stage. */
  readonly version: string;
  /** Its options, complete. */
  readonly options: JsonObject;
  /** Hash of stage, version, options and input: the cache key. */
  readonly key: string;
  /** Where the records came from. */
  readonly input: { readonly fingerprint: string; readonly source: JsonObject };
  /** The records that came out. */
  readonly output: { readonly records: number; readonly bytes: number; readonly hash: string };
  /** Totals; read + created = kept + dropped. */
  readonly counts: {
    readonly read: number;
    readonly kept: number;
    readonly dropped: number;
    readonly changed: number;
    readonly created: number;
  };
  /** Per rule. */
  readonly rules: readonly RuleCount[];
  /** Further results, for example of the split. */
  readonly report: JsonObject;
}

/** Reads a manifest. Throws `FILE_NOT_FOUND`, or `FILE_CORRUPT` for one that this release did not write. */
export async function readStageManifest(path: string): Promise<StageManifest> {
  const value = (await readJson(path)) as Partial<Record<keyof StageManifest, unknown>> | null;
  const output = value?.output as Partial<StageManifest["output"]> | undefined;
  const valid =
    value?.specificationVersion === 1 &&
    typeof value.stage === "string" &&
    typeof value.key === "string" &&
    typeof output?.hash === "string" &&
    typeof output.records === "number" &&
    Array.isArray(value.rules);
  if (!valid) {
    throw new AttuneError(
      "FILE_CORRUPT",
      `Expected a stage manifest of version 1 in ${path}, but its fields are others.`,
      {
        hint: "Run the stage again.",
        details: { file: path },
      },
    );
  }
  return value as unknown as StageManifest;
}

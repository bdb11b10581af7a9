import { type RecordSource, runDataPipeline, type SplitReport, type StageManifest } from "@attune/data-core";
import { createStageCache } from "@attune/run-folder";
import type { ProgressListener, TextRecord } from "@attune/spec";
import type { DataConfig } from "../config/data-config.ts";
import { dataSteps } from "../toolbox/data-steps.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import { openSources } from "./open-sources.ts";

/** Which data is prepared, and where its stages are kept. */
export interface PrepareDataOptions {
  readonly data: DataConfig;
  readonly toolbox: Toolbox;
  /** Folder of the recipe: packages are looked up there. */
  readonly baseDirectory: string;
  /** Folder with one folder a stage. */
  readonly output: string;
  /** Folder of results shared by runs. */
  readonly cache?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Records after all stages. */
export interface PreparedData {
  readonly source: RecordSource;
  /** What each stage did, in order. */
  readonly manifests: readonly StageManifest[];
  /** Whether every stage was there already. */
  readonly cached: boolean;
  /** What the split did, where there is one. */
  readonly split: SplitReport | undefined;
}

/** Runs the stages of a configuration, or takes their results where inputs, options and versions are the same. */
export async function prepareData(options: PrepareDataOptions): Promise<PreparedData> {
  const { data, toolbox, baseDirectory, output, cache, signal, onProgress } = options;
  const source = openSources(data.source, { baseDirectory, resolvePackage: toolbox.resolvePackage });
  const steps = dataSteps(data, toolbox);
  if (steps.length === 0) return { source, manifests: [], cached: true, split: undefined };
  const results = await runDataPipeline({
    steps,
    source,
    output,
    cache: cache === undefined ? undefined : createStageCache(cache),
    signal,
    onProgress,
  });
  const report = results.map(({ manifest }) => manifest.report["split"]).find((found) => found !== undefined);
  return {
    source: results.at(-1)!.source,
    manifests: results.map(({ manifest }) => manifest),
    cached: results.every(({ cached }) => cached),
    split: report as unknown as SplitReport | undefined,
  };
}

/** A part of the split; records without one are for training. */
export type Part = "train" | "validation" | "test";

/** The part that a record is in. */
export function partOf(record: TextRecord): Part {
  return (record.metadata?.["split"] as Part | undefined) ?? "train";
}

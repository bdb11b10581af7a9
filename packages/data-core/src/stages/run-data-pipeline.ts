import { join } from "node:path";
import { AttuneError } from "@attune/spec";
import type { DataStage } from "./data-stage.ts";
import { runDataStage, type StageResult, type StageRun } from "./run-data-stage.ts";

/** One step of a pipeline. */
export interface PipelineStep {
  /** The stage. */
  readonly stage: DataStage;
  /** Its options. */
  readonly options?: unknown;
  /** Name of its folder below the output. Default: the id of the stage. */
  readonly name?: string | undefined;
}

/** Stages that run one after the other, each on the records of the one before. */
export interface PipelineRun extends Omit<StageRun, "stage" | "options"> {
  /** The steps, in order; `output` holds one folder for each. */
  readonly steps: readonly PipelineStep[];
}

/**
 * Runs the steps in order and returns what each left behind. All options are checked before the first step starts. Throws
 * `OPTIONS_INVALID` for no steps and for two of one name.
 */
export async function runDataPipeline(pipeline: PipelineRun): Promise<StageResult[]> {
  const { steps, ...common } = pipeline;
  const names = steps.map((step) => step.name ?? step.stage.id);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined || steps.length === 0) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected steps with distinct names, but received ${twice === undefined ? "none" : `"${twice}" twice`}.`,
      {
        hint: "Give a step that uses a stage again a name of its own.",
        details: { key: "steps" },
      },
    );
  }
  for (const step of steps) step.stage.parse(step.options ?? {});
  const results: StageResult[] = [];
  for (const [index, { stage, options }] of steps.entries()) {
    const source = results.at(-1)?.source ?? pipeline.source;
    results.push(
      await runDataStage({ ...common, stage, options, source, output: join(pipeline.output, names[index]!) }),
    );
  }
  return results;
}

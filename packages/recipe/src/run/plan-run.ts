import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDevice } from "@attune/tensor-core";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import type { PartsSummary } from "../data/summarise-parts.ts";
import { explainStep, type StepExplanation } from "../plan/explain-step.ts";
import { predictRun } from "../plan/predict-run.ts";
import type { RunOptions } from "../session/run-options.ts";
import type { RunPlan } from "../session/run-plan.ts";
import { checkRecipe } from "../toolbox/check-recipe.ts";
import { openDevice, resolveDevice } from "../toolbox/open-device.ts";
import { loadRun } from "./load-run.ts";

/** How a plan is made. */
export interface PlanOptions extends Omit<RunOptions, "output" | "resume"> {
  /**
   * A device to hold each dispatch of a training step against: "cpu" for this machine, as measured, or see `parseDevice`. For a GPU,
   * `products` of the recipe are those of that GPU, and a CPU on which the run is planned computes in f32.
   */
  readonly explain?: string | undefined;
  /** Folder of the run: what the data stages leave there is used by it. Default: nothing is kept. */
  readonly output?: string | undefined;
}

/** A prediction, the data it is of, and the dispatches of a step where they were asked for. */
export interface PlannedRun {
  readonly plan: RunPlan;
  readonly data: PartsSummary;
  readonly explanation?: StepExplanation;
}

/** Predicts memory and time of a run. Data is prepared and the model loaded; no step is taken. */
export async function planRun(given: ResolvedRecipe, options: PlanOptions): Promise<PlannedRun> {
  const { toolbox, output, explain } = options;
  const elsewhere = explain !== undefined && explain !== "cpu";
  if (elsewhere) parseDevice(explain);
  const { products } = given.config;
  const onCpu = resolveDevice(toolbox, given.config.device) === "cpu";
  const recipe = elsewhere && onCpu ? { ...given, config: { ...given.config, products: "f32" as const } } : given;
  checkRecipe(recipe, toolbox, "run");
  const folder = output ?? (await mkdtemp(join(tmpdir(), "attune-plan-")));
  const runtime = await openDevice(toolbox, recipe.config);
  try {
    const loaded = await loadRun({ ...options, recipe, runtime, folder });
    const inputs = { config: recipe.config, toolbox, runtime, ...loaded };
    const plan = await predictRun(inputs);
    const planned = { plan, data: loaded.data.summary };
    return explain === undefined ? planned : { ...planned, explanation: await explainStep(inputs, explain, products) };
  } finally {
    await runtime.dispose();
    if (output === undefined) await rm(folder, { recursive: true, force: true });
  }
}

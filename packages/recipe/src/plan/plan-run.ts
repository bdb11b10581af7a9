import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRecipe } from "../config/check-recipe.ts";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import { loadRun } from "../run/load-run.ts";
import type { RunOptions } from "../run/run-options.ts";
import { openDevice } from "../toolbox/open-device.ts";
import { predictRun } from "./predict-run.ts";
import type { RunPlan } from "./run-plan.ts";

/** How a plan is made. */
export interface PlanOptions extends Omit<RunOptions, "output" | "resume"> {
  /** Folder of the run: what the data stages leave there is used by it. Default: nothing is kept. */
  readonly output?: string | undefined;
}

/** Predicts memory and time of a run. Data is prepared and the model loaded; no step is taken. */
export async function planRun(recipe: ResolvedRecipe, options: PlanOptions): Promise<RunPlan> {
  const { toolbox, output } = options;
  checkRecipe(recipe, toolbox, "run");
  const folder = output ?? (await mkdtemp(join(tmpdir(), "attune-plan-")));
  const runtime = await openDevice(toolbox, recipe.config);
  try {
    const loaded = await loadRun({ ...options, recipe, runtime, folder });
    return await predictRun({ config: recipe.config, toolbox, runtime, ...loaded });
  } finally {
    await runtime.dispose();
    if (output === undefined) await rm(folder, { recursive: true, force: true });
  }
}

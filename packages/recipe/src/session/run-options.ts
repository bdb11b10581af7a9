import type { ProgressListener } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import type { StepProfile } from "@attune/train";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import type { RunPlan } from "./run-plan.ts";
import type { RunSession } from "./run-session.ts";

/** What a run is given beside its configuration. */
export interface RunOptions {
  readonly toolbox: Toolbox;
  /** Folder of the run. */
  readonly output: string;
  /** Go on with what the folder holds. Default false: a folder that holds a run is refused. */
  readonly resume?: boolean | undefined;
  /** Folder of data-stage results that runs share. Default none. */
  readonly cache?: string | undefined;
  /** Told what memory and time will be used, before the first step; by runs that predict. */
  readonly onPlan?: ((plan: RunPlan) => void) | undefined;
  /**
   * Profiles some training steps (`train` of `@attune/train` says which) into `profile.json`, and is told of them. Changes no other file but
   * for times. Default: nothing is profiled.
   */
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** A run that is under way: what its stages share. */
export interface RunContext extends RunOptions {
  readonly recipe: ResolvedRecipe;
  readonly session: RunSession;
  readonly runtime: Runtime;
}

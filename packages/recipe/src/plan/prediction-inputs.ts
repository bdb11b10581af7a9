import type { PerplexityDocument } from "@attune/eval-bench";
import type { Runtime } from "@attune/tensor-core";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { RecipeData } from "../data/recipe-data.ts";
import type { OpenModel } from "../toolbox/open-model.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import type { TaskRows } from "../train/adapt.ts";
import type { ScoringCount } from "./count-scoring.ts";
import type { ProgramCost, TrainingCost } from "./plan-steps.ts";

/** What a prediction is made of: everything that is loaded before step 1. */
export interface PredictionInputs {
  readonly config: RecipeConfig;
  readonly toolbox: Toolbox;
  readonly runtime: Runtime;
  readonly data: RecipeData;
  readonly base: OpenModel;
  readonly rows: TaskRows;
  readonly general: readonly PerplexityDocument[];
}

/** What plans say. */
export interface PlannedCosts {
  readonly step: TrainingCost;
  readonly steps: number;
  /** Micro-batches of one look at the validation loss. */
  readonly validationBatches: number;
  /** Judging the base, and the trained model: an adapter computes at every site that it has. */
  readonly scoring: { readonly base: ProgramCost; readonly adapted: ProgramCost };
  readonly generated: ScoringCount["generated"];
}

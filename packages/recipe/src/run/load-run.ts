import type { PerplexityDocument } from "@attune/eval-bench";
import { loadRecipeData, type RecipeData } from "../data/recipe-data.ts";
import { readGeneralText } from "../evaluate/general-text.ts";
import type { RunContext } from "../session/run-options.ts";
import { type OpenModel, openModel } from "../toolbox/open-model.ts";
import { buildTaskRows, type TaskRows } from "../train/adapt.ts";

/** What a run needs before anything is computed. */
export interface LoadedRun {
  readonly data: RecipeData;
  readonly base: OpenModel;
  readonly rows: TaskRows;
  readonly general: readonly PerplexityDocument[];
}

/** Prepares the data, loads the base model and builds the rows, all of them checked. */
export async function loadRun(
  context: Pick<RunContext, "recipe" | "toolbox" | "runtime" | "cache" | "signal" | "onProgress"> & {
    readonly folder: string;
  },
): Promise<LoadedRun> {
  const { recipe, toolbox, runtime, signal, onProgress } = context;
  const { config, baseDirectory } = recipe;
  const { model, tokenizer, storage, evaluation, seed } = config;
  const data = await loadRecipeData(context);
  const base = await openModel(toolbox, runtime, {
    model: model!,
    tokenizer,
    storage,
    baseDirectory,
    signal,
    onProgress,
  });
  const place = { baseDirectory, resolvePackage: toolbox.resolvePackage, seed, signal };
  const general = evaluation?.general ? await readGeneralText(evaluation.general, place) : [];
  return { data, base, general, rows: buildTaskRows(config, data, base) };
}

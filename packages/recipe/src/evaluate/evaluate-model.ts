import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evaluation, Score } from "@attune/eval-bench";
import { runFolderLayout } from "@attune/run-folder";
import { AttuneError } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import { draw } from "../data/read-parts.ts";
import { loadRecipeData, type RecipeData } from "../data/recipe-data.ts";
import type { RunOptions } from "../session/run-options.ts";
import { checkRecipe } from "../toolbox/check-recipe.ts";
import { withModel } from "../use/use-model.ts";
import { readGeneralText } from "./general-text.ts";
import { judgeBaselines } from "./judge-baselines.ts";
import { judgeModel } from "./judge-model.ts";
import { type ResultTable, resultTable } from "./result-table.ts";
import { trainedTexts } from "./trained-texts.ts";

/** What one model and the baselines make of a task. */
export interface EvaluationReport {
  readonly table: ResultTable;
  /** General text, where the recipe names some. */
  readonly general: { readonly bitsPerByte: Score; readonly perplexity: Score } | undefined;
}

/** How a model is judged. */
export interface EvaluateModelOptions extends Omit<RunOptions, "output" | "resume"> {
  /** Folder for `eval/` and `data/`; without it nothing is kept. */
  readonly output?: string | undefined;
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/**
 * Judges the model of a recipe, with its adapter where it names one, and the baselines.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a recipe that does not say what is judged
 */
export async function evaluateModel(recipe: ResolvedRecipe, options: EvaluateModelOptions): Promise<EvaluationReport> {
  const { toolbox, output } = options;
  checkRecipe(recipe, toolbox, "evaluate");
  if (recipe.config.evaluation === null) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      "Expected evaluation.task to say what is judged, but the recipe has none.",
      {
        hint: "For example --set evaluation.task=classification",
        details: { key: "evaluation.task" },
      },
    );
  }
  const folder = output ?? (await mkdtemp(join(tmpdir(), "attune-evaluate-")));
  try {
    return await judge(recipe, folder, options);
  } finally {
    if (output === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function judge(recipe: ResolvedRecipe, folder: string, options: EvaluateModelOptions): Promise<EvaluationReport> {
  const { toolbox, signal, onProgress, onNotice } = options;
  const { config, baseDirectory } = recipe;
  const evaluation = config.evaluation!;
  const { seed, storage, device, products, threads, memory, adapter, tokenizer } = config;
  const data = judgedWhole(await loadRecipeData({ ...options, recipe, folder }), config);
  const place = { baseDirectory, resolvePackage: toolbox.resolvePackage, seed, signal };
  const general = evaluation.general ? await readGeneralText(evaluation.general, place) : [];
  const layout = runFolderLayout(folder);
  const request = {
    model: config.model!,
    adapter,
    tokenizer,
    storage,
    device,
    products,
    threads,
    memory,
    baseDirectory,
    onNotice,
    signal,
  };
  const judgement = await withModel(toolbox, request, (runtime, { model, tokenizer: own, visitors }) =>
    judgeModel(
      { id: "model", runtime, model, tokenizer: own, visitors, tokensPerRun: evaluation.tokensPerRun },
      { config, evaluation, data, general, layout, signal, onProgress },
    ),
  );
  const wanted = evaluation.task === "classification" && evaluation.baselines.length > 0;
  const learns = wanted && data.parts.wholeTrain.length > 0;
  const baselines = learns ? await judgeBaselines({ config, evaluation, data, layout }) : new Map();
  if (wanted && !learns) onNotice?.("There are no training records, so there are no baselines that learn from them.");
  const evaluations = {
    baselines: baselines as ReadonlyMap<string, Evaluation>,
    base: undefined,
    adapted: judgement.task,
    baseGeneral: undefined,
    adaptedGeneral: undefined,
  };
  const { resamples, part } = evaluation;
  const cautions = await seenBefore(data, config, signal);
  const table = resultTable(evaluations, { part, resamples, seed, cautions });
  return { table, general: generalScores(judgement.general) };
}

/** Records change their part with the data and its order: those that the model has learnt from make its numbers too good. */
async function seenBefore(
  data: RecipeData,
  { adapter, model, evaluation }: RecipeConfig,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { part } = evaluation!;
  const trained = part === "train" ? undefined : await trainedTexts(adapter ?? model!, signal);
  const judged = data.parts[part];
  const seen = trained === undefined ? 0 : judged.filter((record) => trained.has(record)).length;
  if (seen === 0) return [];
  return [
    `Too good to be true: ${seen} of these ${judged.length} records were trained on by the run in ${trained!.run}. Judge by records that it has not seen.`,
  ];
}

/** Records that nobody split are all judged: whoever gives a file of test rows need not say that they are. */
function judgedWhole(data: RecipeData, { data: { limits }, evaluation, seed }: RecipeConfig): RecipeData {
  const { wholeTrain, validation, test } = data.parts;
  const { part } = evaluation!;
  const isSplit =
    validation.length + test.length > 0 || wholeTrain.some(({ metadata }) => metadata?.["split"] !== undefined);
  if (isSplit || part === "train") return data;
  const parts = { ...data.parts, train: [], wholeTrain: [], [part]: draw(wholeTrain, limits[part], seed) };
  return { ...data, parts };
}

function generalScores(general: Evaluation | undefined): EvaluationReport["general"] {
  if (general === undefined) return undefined;
  const { bitsPerByte, perplexity } = general.result.scores;
  return { bitsPerByte: bitsPerByte!, perplexity: perplexity! };
}

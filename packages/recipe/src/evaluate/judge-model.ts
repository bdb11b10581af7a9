// Asks one model everything a recipe asks: the validation part where its answers are calibrated, the judged part once, general text.
import {
  type ClassificationRow,
  createDecision,
  type Evaluation,
  type EvaluationModel,
  evaluate,
  fitBatchCalibration,
  fitCalibration,
  type PerplexityDocument,
  type PredictionRow,
  writeEvaluation,
} from "@attune/eval-bench";
import type { RunFolderLayout } from "@attune/run-folder";
import type { ProgressListener } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { EvaluationConfig } from "../config/training-config.ts";
import type { RecipeData } from "../data/recipe-data.ts";
import { labelWords } from "../data/row-builder.ts";
import { createEvaluationModel, type JudgedModel } from "./evaluation-model.ts";
import { generalTextTask } from "./general-text.ts";
import { createTasks, type TaskOf } from "./judgement.ts";

/** Completions or prompts that are handed to the model at once; it packs them into runs. */
export const judgeBatchSize = 1024;

/** What is asked, and where answers go. */
export interface JudgeOptions {
  readonly config: RecipeConfig;
  readonly evaluation: EvaluationConfig;
  readonly data: RecipeData;
  readonly general: readonly PerplexityDocument[];
  readonly layout: RunFolderLayout;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** What one model answered. */
export interface Judgement {
  readonly task: Evaluation;
  readonly general: Evaluation | undefined;
}

/** The files of a model's judgement, below the run folder. */
export function judgementFiles(
  id: string,
  { evaluation, general }: Pick<JudgeOptions, "evaluation" | "general">,
): string[] {
  const names = [id];
  if (evaluation.calibration !== "none") names.push(`${id}-validation`);
  if (general.length > 0) names.push(`${id}-general`);
  return names.flatMap((name) => [`eval/${name}.jsonl`, `eval/${name}.json`]);
}

/** Judges a model and writes its answers: `eval/ID.jsonl`, `eval/ID-validation.jsonl`, `eval/ID-general.jsonl`. */
export async function judgeModel(judged: JudgedModel, options: JudgeOptions): Promise<Judgement> {
  const { config, evaluation, data, general, layout, signal, onProgress } = options;
  const model = createEvaluationModel(judged);
  const statistics = {
    resamples: evaluation.resamples,
    seed: config.seed,
    batchSize: judgeBatchSize,
    signal,
    onProgress,
  };
  try {
    const tasks = createTasks(config, evaluation, data, judged);
    const calibration = await calibrate(tasks, model, options);
    const task = await evaluate(tasks(evaluation.part, calibration), model, statistics);
    await writeEvaluation(layout.evaluation(judged.id), task);
    if (general.length === 0) return { task, general: undefined };
    const spoken = await evaluate(generalTextTask(general), model, statistics);
    await writeEvaluation(layout.evaluation(`${judged.id}-general`), spoken);
    return { task, general: spoken as unknown as Evaluation };
  } finally {
    model.dispose();
  }
}

/** The correction that the validation part asks for, undefined without one. */
async function calibrate(tasks: TaskOf, model: EvaluationModel, options: JudgeOptions) {
  const { config, evaluation, data, layout, signal, onProgress } = options;
  if (evaluation.calibration === "none") return undefined;
  const held = await evaluate(tasks("validation"), model, {
    resamples: 100,
    seed: config.seed,
    batchSize: judgeBatchSize,
    signal,
    onProgress,
  });
  await writeEvaluation(layout.evaluation(`${model.id}-validation`), held);
  const labels = data.labels!;
  const completions = Object.fromEntries(labels.map((label) => [label, labelWords(config.template, label)]));
  const decision = createDecision({ labels, completions, normalization: evaluation.normalization });
  const rows = held.rows as readonly PredictionRow[] as readonly ClassificationRow[];
  return evaluation.calibration === "affine" ? fitCalibration(rows, decision) : fitBatchCalibration(rows, decision);
}

// What a recipe judges: documents of a part, the task that asks about them, and what it calls a right answer.
import {
  type Calibration,
  type ClassificationDocument,
  type ClassificationRow,
  chooseShots,
  createClassificationTask,
  createGenerationTask,
  createPerplexityTask,
  createPromptTemplate,
  e2eLexicon,
  type PredictionRow,
  type PromptTemplate,
  type Task,
} from "@attune/eval-bench";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { EvaluationConfig } from "../config/training-config.ts";
import type { Part } from "../data/prepare-data.ts";
import { type DataParts, requirePart } from "../data/read-parts.ts";
import type { RecipeData } from "../data/recipe-data.ts";
import { documentText, labelWords, promptTextOf } from "../data/row-builder.ts";
import { type AskedModel, generationDocuments } from "./generation-documents.ts";
import { groupOf } from "./group-of.ts";

/** The task of a part. */
export type TaskOf = (part: Part, calibration?: Calibration) => Task;

/** Makes the tasks of a recipe. @throws AttuneError `DATA_EMPTY` for a part without records */
export function createTasks(
  config: RecipeConfig,
  evaluation: EvaluationConfig,
  data: RecipeData,
  asked: AskedModel,
): TaskOf {
  switch (evaluation.task) {
    case "classification":
      return (part, calibration) =>
        classification(config, evaluation, data, part, calibration) as unknown as Task<PredictionRow>;
    case "generation":
      return (part) => generation(config, evaluation, data.parts, part, asked) as unknown as Task<PredictionRow>;
    case "perplexity":
      return (part) => perplexity(config, data.parts, part) as unknown as Task<PredictionRow>;
  }
}

/** Labelled documents of a part; only their text reaches models and baselines. */
export function labelledDocuments(config: RecipeConfig, parts: DataParts, part: Part): ClassificationDocument[] {
  return requirePart(parts, part, "to be judged").map((record) => ({
    id: record.id,
    text: promptTextOf(record),
    label: record.label ?? "",
    ...groupOf(record, config.data.groupBy),
    ...(typeof record.metadata?.["list"] === "boolean" ? { list: record.metadata["list"] } : {}),
  }));
}

function classification(
  config: RecipeConfig,
  evaluation: EvaluationConfig,
  { parts, labels }: RecipeData,
  part: Part,
  calibration: Calibration | undefined,
): Task<ClassificationRow> {
  const { template, name } = config;
  const documents = labelledDocuments(config, parts, part);
  return createClassificationTask({
    id: name,
    documents,
    labels: labels!,
    completions: Object.fromEntries(labels!.map((label) => [label, labelWords(template, label)])),
    prompt: promptWithShots(config, evaluation, parts, labels!, documents),
    positive: evaluation.positive ?? undefined,
    normalization: evaluation.normalization,
    calibration,
    maxPromptTokens: template.maxTokens ?? undefined,
    maxPieces: template.maxPieces,
  });
}

function promptWithShots(
  config: RecipeConfig,
  { shots }: EvaluationConfig,
  parts: DataParts,
  labels: readonly string[],
  documents: readonly ClassificationDocument[],
): PromptTemplate {
  const { template, seed } = config;
  if (shots === 0) return createPromptTemplate(template.prompt);
  const examples = labelledDocuments(config, parts, "train");
  const chosen = chooseShots(examples, documents, { labels, count: shots, seed });
  return createPromptTemplate(template.prompt, {
    shots: chosen.map(({ text, label }) => ({ text, completion: labelWords(template, label) })),
  });
}

function generation(
  config: RecipeConfig,
  evaluation: EvaluationConfig,
  parts: DataParts,
  part: Part,
  asked: AskedModel,
) {
  const { maxNewTokens, stop, slots } = evaluation;
  const records = requirePart(parts, part, "to be judged");
  const { documents, leftOut } = generationDocuments(records, config, evaluation, asked);
  const lexicon = slots === "e2e" ? e2eLexicon : undefined;
  return createGenerationTask({ id: config.name, documents, leftOut, maxNewTokens, stop, lexicon });
}

function perplexity(config: RecipeConfig, parts: DataParts, part: Part) {
  const documents = requirePart(parts, part, "to be judged").map((record) => ({
    id: record.id,
    text: documentText(record, config.template),
    ...groupOf(record, config.data.groupBy),
  }));
  return createPerplexityTask({ id: config.name, documents });
}

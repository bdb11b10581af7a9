import {
  type ClassificationRow,
  createClassificationScoring,
  createDecision,
  type Evaluation,
  evaluateRows,
  fitTextBaseline,
  majorityBaseline,
  writeEvaluation,
} from "@attune/eval-bench";
import type { JudgeOptions } from "./judge-model.ts";
import { labelledDocuments } from "./judgement.ts";

/** Judges the baselines of a classification on the same documents, trained on the whole training part. */
export async function judgeBaselines(
  options: Omit<JudgeOptions, "general" | "signal" | "onProgress">,
): Promise<Map<string, Evaluation<ClassificationRow>>> {
  const { config, evaluation, data, layout } = options;
  const labels = data.labels!;
  const documents = labelledDocuments(config, data.parts, evaluation.part);
  const train = labelledDocuments(config, { ...data.parts, train: data.parts.wholeTrain }, "train");
  const scoring = createClassificationScoring(createDecision({ labels }), evaluation.positive ?? undefined);
  const results = new Map<string, Evaluation<ClassificationRow>>();
  for (const id of evaluation.baselines) {
    const rows =
      id === "majority"
        ? majorityBaseline(train, documents, labels)
        : fitTextBaseline(train, labelledDocuments(config, data.parts, "validation"), { labels }).predict(documents);
    const { resamples } = evaluation;
    const made = evaluateRows(rows, scoring, { task: config.name, model: id, resamples, seed: config.seed });
    await writeEvaluation(layout.evaluation(id), made);
    results.set(id, made);
  }
  return results;
}

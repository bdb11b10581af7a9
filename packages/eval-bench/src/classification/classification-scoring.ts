import type { JsonObject } from "@attune/spec";
import { AttuneError } from "@attune/spec";
import type { Score } from "../score.ts";
import { scoreRows } from "../score.ts";
import type { Scoring } from "../task.ts";
import { classificationMetrics, createPrecisionMetric, createRecallMetric } from "./classification-metrics.ts";
import type { ClassificationRow } from "./classification-row.ts";
import { parseClassificationRow } from "./classification-row.ts";
import type { ConfusionMatrix } from "./confusion-matrix.ts";
import { confusionMatrix } from "./confusion-matrix.ts";
import type { Decision, Normalization } from "./decision.ts";
import { createDecision } from "./decision.ts";
import type { ReliabilityBin } from "./reliability.ts";
import { reliabilityBins } from "./reliability.ts";

/** Precision and recall of one label. */
export interface ClassScores {
  readonly label: string;
  /** Rows that are this label. */
  readonly support: number;
  readonly precision: Score;
  readonly recall: Score;
}

/** The tables of a classification. */
export interface ClassificationDetails {
  readonly confusion: ConfusionMatrix;
  readonly perClass: readonly ClassScores[];
  readonly reliability: readonly ReliabilityBin[];
  /** Rows whose text was cut to fit. */
  readonly truncated: number;
}

/**
 * Scoring of classification rows by the given rule; `positive` adds F1, precision and recall of that label.
 *
 * @throws AttuneError `LABELS_INVALID` for a positive label that is none of the labels
 */
export function createClassificationScoring(decision: Decision, positive?: string): Scoring<ClassificationRow> {
  if (positive !== undefined && !decision.labels.includes(positive)) {
    throw new AttuneError(
      "LABELS_INVALID",
      `The positive label "${positive}" is none of ${JSON.stringify(decision.labels)}.`,
    );
  }
  return {
    kind: "classification",
    settings: { ...decision, ...(positive === undefined ? {} : { positive }) },
    metrics: classificationMetrics(decision, positive),
    parseRow: (value, place) => parseClassificationRow(value, decision, place),
    details: (rows, confidence) => classificationDetails(rows, decision, confidence) as unknown as JsonObject,
  };
}

/** Confusion matrix, precision and recall of every label, reliability bins and the count of cut texts. */
function classificationDetails(
  rows: readonly ClassificationRow[],
  decision: Decision,
  confidence = 0.95,
): ClassificationDetails {
  const perClass = decision.labels.map((label): ClassScores => {
    const metrics = [createPrecisionMetric(label), createRecallMetric(label)];
    const { precision, recall } = scoreRows(rows, metrics, { confidence });
    return { label, support: recall!.n, precision: precision!, recall: recall! };
  });
  return {
    confusion: confusionMatrix(rows, decision.labels),
    perClass,
    reliability: reliabilityBins(rows, decision),
    truncated: rows.filter(({ truncated }) => truncated === true).length,
  };
}

/** The scoring that stored settings describe; throws FILE_CORRUPT when they are not those of a classification. */
export function restoreClassificationScoring(settings: JsonObject): Scoring<ClassificationRow> {
  const { labels, completions, normalization, scale, bias, positive } = settings;
  const texts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((item) => typeof item === "string");
  const numbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isFinite);
  const known: readonly unknown[] = ["none", "characters", "bytes"] satisfies Normalization[];
  if (
    !texts(labels) ||
    !texts(completions) ||
    !numbers(bias) ||
    typeof scale !== "number" ||
    !known.includes(normalization) ||
    completions.length !== labels.length ||
    bias.length !== labels.length ||
    (positive !== undefined && typeof positive !== "string")
  ) {
    throw new AttuneError(
      "FILE_CORRUPT",
      `Expected the settings of a classification, received ${JSON.stringify(settings).slice(0, 120)}.`,
    );
  }
  const decision = createDecision({
    labels,
    completions: Object.fromEntries(labels.map((label, index) => [label, completions[index]!])),
    normalization: normalization as Normalization,
    calibration: { scale, bias: Object.fromEntries(labels.map((label, index) => [label, bias[index]!])) },
  });
  return createClassificationScoring(decision, positive);
}

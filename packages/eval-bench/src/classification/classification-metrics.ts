/**
 * Metrics of a classification, all from the weighted counts of one pass. Division by zero gives 0, as scikit-learn's
 * `zero_division=0`; averages over classes take those that occur as label or prediction, as scikit-learn does.
 * F1_c = 2 tp / (actual + predicted). MCC (Gorodkin 2004) = (correct N - sum p_c a_c) / sqrt((N^2 - sum p_c^2)(N^2 - sum a_c^2)).
 */

import type { Metric, PreparedMetric } from "../metric.ts";
import type { ClassificationRow } from "./classification-row.ts";
import type { Decision } from "./decision.ts";
import { createBrierMetric, createCalibrationErrorMetric } from "./reliability.ts";

type ClassificationMetric = Metric<ClassificationRow>;

interface Tally {
  readonly right: Float64Array;
  readonly actual: Float64Array;
  readonly predicted: Float64Array;
}

function metric(
  id: string,
  title: string,
  unit: ClassificationMetric["unit"],
  prepare: ClassificationMetric["prepare"],
): ClassificationMetric {
  return { kind: "metric", specificationVersion: 1, id, title, unit, higherIsBetter: true, prepare };
}

/** Prepares a metric that is a function of the weighted counts. */
function fromTally(
  rows: readonly ClassificationRow[],
  labels: readonly string[],
  compute: (tally: Tally) => number,
): PreparedMetric {
  const position = new Map(labels.map((label, index) => [label, index]));
  const actuals = Uint32Array.from(rows, ({ label }) => position.get(label)!);
  const predictions = Uint32Array.from(rows, ({ prediction }) => position.get(prediction)!);
  const size = labels.length;
  const tally: Tally = {
    right: new Float64Array(size),
    actual: new Float64Array(size),
    predicted: new Float64Array(size),
  };
  const value = (weights: Float64Array): number => {
    tally.right.fill(0);
    tally.actual.fill(0);
    tally.predicted.fill(0);
    for (let row = 0; row < weights.length; row++) {
      const [weight, label, prediction] = [weights[row]!, actuals[row]!, predictions[row]!];
      tally.actual[label]! += weight;
      tally.predicted[prediction]! += weight;
      if (label === prediction) tally.right[label]! += weight;
    }
    return compute(tally);
  };
  return { n: rows.length, value };
}

/** Prepares a share of successes among the rows that count. */
function proportion(
  rows: readonly ClassificationRow[],
  outcomeOf: (row: ClassificationRow) => boolean | undefined,
): PreparedMetric {
  const outcomes = Int8Array.from(rows, (row) => {
    const outcome = outcomeOf(row);
    return outcome === undefined ? -1 : Number(outcome);
  });
  const value = (weights: Float64Array): number => {
    let successes = 0;
    let total = 0;
    for (let row = 0; row < weights.length; row++) {
      if (outcomes[row] === -1) continue;
      total += weights[row]!;
      successes += weights[row]! * outcomes[row]!;
    }
    return total === 0 ? 0 : successes / total;
  };
  return { n: outcomes.reduce((count, outcome) => count + (outcome === -1 ? 0 : 1), 0), value, outcomes };
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** F1 of one class; 0 where the class neither occurs nor is predicted. */
const classF1 = ({ right, actual, predicted }: Tally, index: number): number =>
  actual[index]! + predicted[index]! === 0 ? 0 : (2 * right[index]!) / (actual[index]! + predicted[index]!);

function averageF1(tally: Tally, weightOf: (index: number) => number): number {
  let sum = 0;
  let weights = 0;
  for (let index = 0; index < tally.actual.length; index++) {
    sum += weightOf(index) * classF1(tally, index);
    weights += weightOf(index);
  }
  return weights === 0 ? 0 : sum / weights;
}

function matthews({ right, actual, predicted }: Tally): number {
  const n = total(actual);
  const correct = total(right);
  let [cross, actualSquares, predictedSquares] = [0, 0, 0];
  for (let index = 0; index < actual.length; index++) {
    cross += actual[index]! * predicted[index]!;
    actualSquares += actual[index]! ** 2;
    predictedSquares += predicted[index]! ** 2;
  }
  const scale = Math.sqrt((n * n - predictedSquares) * (n * n - actualSquares));
  return scale > 0 ? (correct * n - cross) / scale : 0;
}

/** Share of rows whose prediction is right. */
const accuracyMetric: ClassificationMetric = metric("accuracy", "Accuracy", "share", (rows) =>
  proportion(rows, ({ label, prediction }) => label === prediction),
);

/** Of the rows predicted as `label`, the share that are. */
export function createPrecisionMetric(label: string, id = "precision"): ClassificationMetric {
  return metric(id, `Precision of ${label}`, "share", (rows) =>
    proportion(rows, (row) => (row.prediction === label ? row.label === label : undefined)),
  );
}

/** Of the rows that are `label`, the share predicted so. */
export function createRecallMetric(label: string, id = "recall"): ClassificationMetric {
  return metric(id, `Recall of ${label}`, "share", (rows) =>
    proportion(rows, (row) => (row.label === label ? row.prediction === label : undefined)),
  );
}

/**
 * The metrics of a classification: `accuracy`, `macroF1`, `weightedF1`, `mcc`, `ece`, `brier`, and with a positive
 * label also `f1`, `precision` and `recall` of that label.
 */
export function classificationMetrics(decision: Decision, positive?: string): ClassificationMetric[] {
  const { labels } = decision;
  const tallied = (
    id: string,
    title: string,
    unit: ClassificationMetric["unit"],
    compute: (tally: Tally) => number,
  ): ClassificationMetric => metric(id, title, unit, (rows) => fromTally(rows, labels, compute));
  const ofPositive =
    positive === undefined
      ? []
      : [
          tallied("f1", `F1 of ${positive}`, "share", (tally) => classF1(tally, labels.indexOf(positive))),
          createPrecisionMetric(positive),
          createRecallMetric(positive),
        ];
  return [
    accuracyMetric,
    tallied("macroF1", "Macro F1", "share", (tally) =>
      averageF1(tally, (index) => (tally.actual[index]! + tally.predicted[index]! > 0 ? 1 : 0)),
    ),
    tallied("weightedF1", "Weighted F1", "share", (tally) => averageF1(tally, (index) => tally.actual[index]!)),
    ...ofPositive,
    tallied("mcc", "Matthews correlation", "number", matthews),
    createCalibrationErrorMetric(decision),
    createBrierMetric(decision),
  ];
}

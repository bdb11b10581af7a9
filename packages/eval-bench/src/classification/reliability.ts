/**
 * How far stated probabilities can be trusted. Rows are put into equal-width bins by the probability of the predicted
 * label; ECE (Naeini et al., AAAI 2015) = sum over bins of share(bin) |accuracy(bin) - mean confidence(bin)|. The Brier
 * score (1950) is the mean over rows of sum over labels (probability - [label is right])^2, from 0 to 2.
 */

import type { Metric } from "../metric.ts";
import type { ClassificationRow } from "./classification-row.ts";
import type { Decision } from "./decision.ts";
import { choiceScores, softmax } from "./decision.ts";

/** Number of equal-width bins of confidence. */
const RELIABILITY_BINS = 10;

/** Rows whose confidence lies in (low, high]. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly n: number;
  /** Mean probability of the predicted label; 0 in an empty bin. */
  readonly confidence: number;
  /** Share of right predictions; 0 in an empty bin. */
  readonly accuracy: number;
}

/** Probability of each label for one row, in the order of the labels. */
const rowProbabilities = (row: ClassificationRow, decision: Decision): Float64Array =>
  softmax(choiceScores(decision, row.logprobs));

const binOf = (confidence: number): number =>
  Math.min(RELIABILITY_BINS - 1, Math.max(0, Math.ceil(confidence * RELIABILITY_BINS) - 1));

const confidenceOf = (row: ClassificationRow, decision: Decision): number =>
  rowProbabilities(row, decision)[decision.labels.indexOf(row.prediction)]!;

/** The bins of a reliability diagram. */
export function reliabilityBins(rows: readonly ClassificationRow[], decision: Decision): ReliabilityBin[] {
  const sums = Array.from({ length: RELIABILITY_BINS }, () => ({ n: 0, confidence: 0, right: 0 }));
  for (const row of rows) {
    const confidence = confidenceOf(row, decision);
    const bin = sums[binOf(confidence)]!;
    bin.n += 1;
    bin.confidence += confidence;
    bin.right += row.label === row.prediction ? 1 : 0;
  }
  return sums.map(({ n, confidence, right }, index) => ({
    low: index / RELIABILITY_BINS,
    high: (index + 1) / RELIABILITY_BINS,
    n,
    confidence: n === 0 ? 0 : confidence / n,
    accuracy: n === 0 ? 0 : right / n,
  }));
}

/** Expected calibration error; lower is better. */
export function createCalibrationErrorMetric(decision: Decision): Metric<ClassificationRow> {
  return {
    kind: "metric",
    specificationVersion: 1,
    id: "ece",
    title: "Calibration error (ECE)",
    unit: "share",
    higherIsBetter: false,
    prepare(rows) {
      const confidences = Float64Array.from(rows, (row) => confidenceOf(row, decision));
      const bins = Uint32Array.from(confidences, binOf);
      const gaps = Float64Array.from(
        rows,
        (row, index) => (row.label === row.prediction ? 1 : 0) - confidences[index]!,
      );
      const sums = new Float64Array(RELIABILITY_BINS);
      const value = (weights: Float64Array): number => {
        sums.fill(0);
        let total = 0;
        for (let row = 0; row < weights.length; row++) {
          sums[bins[row]!]! += weights[row]! * gaps[row]!;
          total += weights[row]!;
        }
        return sums.reduce((sum, gap) => sum + Math.abs(gap), 0) / total;
      };
      return { n: rows.length, value };
    },
  };
}

/** Brier score over all labels, 0 to 2; lower is better. */
export function createBrierMetric(decision: Decision): Metric<ClassificationRow> {
  return {
    kind: "metric",
    specificationVersion: 1,
    id: "brier",
    title: "Brier score",
    unit: "number",
    higherIsBetter: false,
    prepare(rows) {
      const losses = Float64Array.from(rows, (row) =>
        rowProbabilities(row, decision).reduce(
          (sum, probability, index) => sum + (probability - (decision.labels[index] === row.label ? 1 : 0)) ** 2,
          0,
        ),
      );
      return { n: rows.length, value: (weights) => weightedMean(losses, weights) };
    },
  };
}

function weightedMean(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < weights.length; row++) {
    sum += values[row]! * weights[row]!;
    total += weights[row]!;
  }
  return sum / total;
}

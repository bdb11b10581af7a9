/**
 * Corrections of a language model's preference for some label words, fitted on validation rows only.
 * Batch calibration (Zhou et al., ICLR 2024): bias_c = -mean over rows of log softmax_c; uses no labels.
 * Affine calibration (vector-bias Platt scaling): scale and biases that minimise the mean negative log-likelihood of the
 * labels plus 1e-3 (ln^2 scale + sum bias^2) / 2, which keeps a perfectly separable part from running away.
 */
import { AttuneError } from "@attune/spec";
import { minimise } from "../statistics/lbfgs.ts";
import type { ClassificationRow } from "./classification-row.ts";
import type { Calibration, Decision } from "./decision.ts";
import { choiceScores, decide, softmax } from "./decision.ts";

const PENALTY = 1e-3;

function requireRows(rows: readonly ClassificationRow[], decision: Decision): void {
  if (rows.length === 0) throw new AttuneError("DATA_EMPTY", "A calibration needs validation rows, received none.");
  if (decision.scale !== 1 || decision.bias.some((bias) => bias !== 0)) {
    throw new AttuneError("OPTIONS_INVALID", "A calibration must be fitted on rows of an uncalibrated task.");
  }
}

const named = (labels: readonly string[], bias: ArrayLike<number>): Record<string, number> =>
  Object.fromEntries(labels.map((label, index) => [label, bias[index]!]));

/**
 * Batch calibration: makes the labels equally likely on average over these rows. Do not use it on skewed classes.
 *
 * @throws AttuneError `DATA_EMPTY` without rows, `OPTIONS_INVALID` for a decision that is calibrated already
 */
export function fitBatchCalibration(rows: readonly ClassificationRow[], decision: Decision): Calibration {
  requireRows(rows, decision);
  const bias = new Float64Array(decision.labels.length);
  for (const { logprobs } of rows) {
    for (const [index, probability] of softmax(choiceScores(decision, logprobs)).entries()) {
      bias[index]! -= Math.log(Math.max(probability, Number.MIN_VALUE)) / rows.length;
    }
  }
  return { scale: 1, bias: named(decision.labels, bias) };
}

/**
 * Affine calibration on labelled rows; also corrects the label prior.
 *
 * @throws AttuneError `DATA_EMPTY` without rows, `OPTIONS_INVALID` for a decision that is calibrated already
 */
export function fitCalibration(rows: readonly ClassificationRow[], decision: Decision): Calibration {
  requireRows(rows, decision);
  const scores = rows.map(({ logprobs }) => choiceScores(decision, logprobs));
  const targets = rows.map(({ label }) => decision.labels.indexOf(label));
  const { point } = minimise(
    (parameters, gradient) => {
      const scale = Math.exp(parameters[0]!);
      let loss = 0;
      gradient.fill(0);
      for (const [row, raw] of scores.entries()) {
        const probabilities = softmax(raw.map((score, index) => scale * score + parameters[index + 1]!));
        const target = targets[row]!;
        loss -= Math.log(Math.max(probabilities[target]!, Number.MIN_VALUE)) / scores.length;
        for (const [index, probability] of probabilities.entries()) {
          const slope = (probability - (index === target ? 1 : 0)) / scores.length;
          gradient[index + 1]! += slope;
          gradient[0]! += slope * scale * raw[index]!;
        }
      }
      for (const [index, parameter] of parameters.entries()) {
        gradient[index]! += PENALTY * parameter;
        loss += (PENALTY * parameter * parameter) / 2;
      }
      return loss;
    },
    new Float64Array(decision.labels.length + 1),
  );
  return { scale: Math.exp(point[0]!), bias: named(decision.labels, point.subarray(1)) };
}

/** The rows as a calibrated rule decides them. */
export function applyDecision(rows: readonly ClassificationRow[], decision: Decision): ClassificationRow[] {
  return rows.map((row) => ({ ...row, prediction: decide(decision, row.logprobs) }));
}

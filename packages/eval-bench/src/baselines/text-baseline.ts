import { AttuneError } from "@attune/spec";
import type { ClassificationRow } from "../classification/classification-row.ts";
import { classificationRow } from "../classification/classification-row.ts";
import { createDecision } from "../classification/decision.ts";
import { createMinimiser } from "../statistics/lbfgs.ts";
import type { LogisticRegression } from "./logistic-regression.ts";
import { fitLogisticRegression, parameterCount } from "./logistic-regression.ts";
import type { BaselineDocument } from "./majority-baseline.ts";
import type { SparseRows } from "./tfidf.ts";
import { fitTfidf } from "./tfidf.ts";

/** A fitted TF-IDF logistic regression. */
export interface TextBaseline {
  /** Predictions for unseen documents. */
  predict(documents: readonly BaselineDocument[]): ClassificationRow[];
  /** The C that did best on the validation part. */
  readonly inverseRegularization: number;
  readonly vocabularySize: number;
  readonly iterations: number;
  /** False when L-BFGS stopped before its tolerance. */
  readonly converged: boolean;
}

/** How the baseline is fitted. */
export interface TextBaselineOptions {
  readonly labels: readonly string[];
  /** Values of C tried in ascending order, [0.1, 1, 10, 100] by default. */
  readonly inverseRegularizations?: readonly number[] | undefined;
  /** Terms in fewer training texts are left out; 2 by default. */
  readonly minDocuments?: number | undefined;
}

/**
 * Fits TF-IDF of word uni- and bigrams with logistic regression on the training part and keeps the C with the most
 * right answers on the validation part (lower log-loss, then smaller C, on a tie). Deterministic.
 * Throws DATA_EMPTY when a part is empty and LABELS_INVALID for unknown labels.
 */
export function fitTextBaseline(
  train: readonly BaselineDocument[],
  validation: readonly BaselineDocument[],
  options: TextBaselineOptions,
): TextBaseline {
  const { labels, inverseRegularizations = [0.1, 1, 10, 100], minDocuments = 2 } = options;
  if (train.length === 0 || validation.length === 0) {
    throw new AttuneError(
      "DATA_EMPTY",
      `The text baseline needs training and validation documents, received ${train.length} and ${validation.length}.`,
    );
  }
  if (
    inverseRegularizations.length === 0 ||
    inverseRegularizations.some((value) => !(value > 0 && Number.isFinite(value)))
  ) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected positive values of C, received [${inverseRegularizations.join(", ")}].`,
    );
  }
  const decision = createDecision({ labels });
  const vectorizer = fitTfidf(
    train.map(({ text }) => text),
    { minDocuments },
  );
  const rows = vectorizer.transform(train.map(({ text }) => text));
  const held = vectorizer.transform(validation.map(({ text }) => text));
  const targets = targetsOf(train, labels);
  const heldTargets = targetsOf(validation, labels);
  let best: { fit: LogisticRegression; quality: Quality; c: number } | undefined;
  const minimise = createMinimiser(parameterCount(rows.width, labels.length));
  let start: Float64Array | undefined;
  for (const c of inverseRegularizations.toSorted((a, b) => a - b)) {
    const fit = fitLogisticRegression(rows, targets, {
      classes: labels.length,
      inverseRegularization: c,
      tolerance: 1e-5,
      minimise,
      ...(start === undefined ? {} : { start }),
    });
    start = fit.parameters;
    const quality = qualityOf(fit, held, heldTargets, labels.length);
    if (best === undefined || isBetter(quality, best.quality)) best = { fit, quality, c };
  }
  const { fit, c } = best!;
  return {
    inverseRegularization: c,
    vocabularySize: vectorizer.terms.length,
    iterations: fit.iterations,
    converged: fit.converged,
    predict(documents) {
      const logprobs = fit.logProbabilities(vectorizer.transform(documents.map(({ text }) => text)));
      const classes = labels.length;
      return documents.map((document, row) =>
        classificationRow(document, Array.from(logprobs.subarray(row * classes, (row + 1) * classes)), decision),
      );
    },
  };
}

function targetsOf(documents: readonly BaselineDocument[], labels: readonly string[]): Uint32Array {
  const position = new Map(labels.map((label, index) => [label, index]));
  return Uint32Array.from(documents, ({ id, label }) => {
    const index = position.get(label);
    if (index === undefined) {
      throw new AttuneError(
        "LABELS_INVALID",
        `Document ${id} has label "${label}", expected one of ${JSON.stringify(labels)}.`,
      );
    }
    return index;
  });
}

interface Quality {
  readonly right: number;
  readonly logLoss: number;
}

const isBetter = (candidate: Quality, best: Quality): boolean =>
  candidate.right > best.right || (candidate.right === best.right && candidate.logLoss < best.logLoss);

function qualityOf(fit: LogisticRegression, rows: SparseRows, targets: Uint32Array, classes: number): Quality {
  const logprobs = fit.logProbabilities(rows);
  let right = 0;
  let logLoss = 0;
  for (const [row, target] of targets.entries()) {
    const own = logprobs.subarray(row * classes, (row + 1) * classes);
    logLoss -= own[target]!;
    if (own.indexOf(Math.max(...own)) === target) right += 1;
  }
  return { right, logLoss };
}

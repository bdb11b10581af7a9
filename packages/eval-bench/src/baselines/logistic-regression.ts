/**
 * L2-regularised logistic regression on sparse rows, scikit-learn's objective divided by C n:
 * f = (1/n) sum -log p(label) + |w|^2 / (2 C n), biases not regularised. Two classes share one weight vector and the
 * logistic function; more use softmax with one vector a class. Minimised by L-BFGS until the gradient vanishes.
 */
import { createMinimiser, type Minimiser } from "../statistics/lbfgs.ts";
import type { SparseRows } from "./tfidf.ts";

/** A fitted model. */
export interface LogisticRegression {
  /** Natural-log probability of every class: rows x classes, row by row. */
  logProbabilities(rows: SparseRows): Float64Array;
  /** width x outputs weights and then outputs biases; outputs is 1 for two classes. */
  readonly parameters: Float64Array;
  readonly iterations: number;
  readonly converged: boolean;
}

/** How to fit. */
export interface LogisticOptions {
  readonly classes: number;
  /** Inverse strength of the regularisation. */
  readonly inverseRegularization: number;
  /** Largest gradient component at the end; 1e-6 by default. */
  readonly tolerance?: number;
  /** Parameters to start from, of an earlier fit on the same rows. */
  readonly start?: Float64Array;
  /** Of `parameterCount` numbers; one of its own by default. Given to one fit after another it saves their buffers. */
  readonly minimise?: Minimiser;
}

/** Parameters of a model of rows of so many columns. */
export function parameterCount(width: number, classes: number): number {
  return (width + 1) * outputsOf(classes);
}

/** Two classes share one output, the log-odds of the second. */
const outputsOf = (classes: number): number => (classes === 2 ? 1 : classes);

/** Fits class indices `targets` (0 to classes - 1) to rows. */
export function fitLogisticRegression(
  rows: SparseRows,
  targets: ArrayLike<number>,
  options: LogisticOptions,
): LogisticRegression {
  const { classes, inverseRegularization, tolerance = 1e-6 } = options;
  const outputs = outputsOf(classes);
  const size = parameterCount(rows.width, classes);
  const { start = new Float64Array(size), minimise = createMinimiser(size) } = options;
  const count = rows.starts.length - 1;
  const scale = 1 / (inverseRegularization * count);
  const regularised = rows.width * outputs;
  const scores = new Float64Array(outputs);
  const minimum = minimise(
    (point, gradient) => {
      gradient.fill(0);
      let loss = 0;
      for (let row = 0; row < count; row++) {
        scoreRow(rows, row, point, scores);
        loss += outputs === 1 ? binaryLoss(scores, targets[row]!) : softmaxLoss(scores, targets[row]!);
        addGradient(rows, row, scores, gradient);
      }
      let squares = 0;
      for (let index = 0; index < gradient.length; index++) {
        gradient[index]! /= count;
        if (index >= regularised) continue;
        gradient[index]! += scale * point[index]!;
        squares += point[index]! ** 2;
      }
      return loss / count + (scale * squares) / 2;
    },
    start,
    { tolerance },
  );
  const parameters = minimum.point;
  return {
    parameters,
    iterations: minimum.iterations,
    converged: minimum.converged,
    logProbabilities: (unseen) => logProbabilities(unseen, parameters, classes),
  };
}

/** scores = W^T x + b for one row. */
function scoreRow(rows: SparseRows, row: number, parameters: Float64Array, scores: Float64Array): void {
  const outputs = scores.length;
  const { starts, columns, values, width } = rows;
  if (outputs === 1) {
    let score = parameters[width]!;
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry++)
      score += values[entry]! * parameters[columns[entry]!]!;
    scores[0] = score;
    return;
  }
  for (let output = 0; output < outputs; output++) scores[output] = parameters[width * outputs + output]!;
  for (let entry = starts[row]!; entry < starts[row + 1]!; entry++) {
    const value = values[entry]!;
    const base = columns[entry]! * outputs;
    for (let output = 0; output < outputs; output++) scores[output]! += value * parameters[base + output]!;
  }
}

/** gradient += x (outer) slopes, biases included. */
function addGradient(rows: SparseRows, row: number, slopes: Float64Array, gradient: Float64Array): void {
  const outputs = slopes.length;
  const { starts, columns, values, width } = rows;
  if (outputs === 1) {
    const slope = slopes[0]!;
    gradient[width]! += slope;
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry++)
      gradient[columns[entry]!]! += values[entry]! * slope;
    return;
  }
  for (let output = 0; output < outputs; output++) gradient[width * outputs + output]! += slopes[output]!;
  for (let entry = starts[row]!; entry < starts[row + 1]!; entry++) {
    const value = values[entry]!;
    const base = columns[entry]! * outputs;
    for (let output = 0; output < outputs; output++) gradient[base + output]! += value * slopes[output]!;
  }
}

/** ln(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Loss of one row of two classes; the score is replaced by its slope. */
function binaryLoss(scores: Float64Array, target: number): number {
  const score = scores[0]!;
  scores[0] = 1 / (1 + Math.exp(-score)) - target;
  return softplus(target === 1 ? -score : score);
}

function logSumExp(scores: Float64Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let output = 0; output < scores.length; output++) largest = Math.max(largest, scores[output]!);
  let sum = 0;
  for (let output = 0; output < scores.length; output++) sum += Math.exp(scores[output]! - largest);
  return largest + Math.log(sum);
}

/** Loss of one row of many classes; the scores are replaced by their slopes. */
function softmaxLoss(scores: Float64Array, target: number): number {
  const normaliser = logSumExp(scores);
  const loss = normaliser - scores[target]!;
  for (let output = 0; output < scores.length; output++) {
    scores[output] = Math.exp(scores[output]! - normaliser) - (output === target ? 1 : 0);
  }
  return loss;
}

function logProbabilities(rows: SparseRows, parameters: Float64Array, classes: number): Float64Array {
  const count = rows.starts.length - 1;
  const result = new Float64Array(count * classes);
  const scores = new Float64Array(outputsOf(classes));
  for (let row = 0; row < count; row++) {
    scoreRow(rows, row, parameters, scores);
    const normaliser = classes === 2 ? 0 : logSumExp(scores);
    for (let index = 0; index < classes; index++) {
      const binary = -softplus(index === 1 ? -scores[0]! : scores[0]!);
      result[row * classes + index] = classes === 2 ? binary : scores[index]! - normaliser;
    }
  }
  return result;
}

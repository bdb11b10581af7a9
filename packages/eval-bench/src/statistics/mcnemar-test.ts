/**
 * McNemar's exact test (Psychometrika 1947): of the rows on which two models differ, each is as likely to be right
 * under the null hypothesis, so the smaller count is Binomial(b + c, 1/2) and p = min(1, 2 P(X <= min(b, c))).
 */
import { AttuneError } from "@attune/spec";

/** Outcome of McNemar's test. */
export interface McNemarTest {
  /** Rows that only the first model gets right. */
  readonly onlyFirst: number;
  /** Rows that only the second model gets right. */
  readonly onlySecond: number;
  /** Two-sided exact p-value; 1 when the models never differ. */
  readonly pValue: number;
}

/** Two-sided exact p-value for `onlyFirst` against `onlySecond` discordant rows. */
export function exactBinomialPValue(onlyFirst: number, onlySecond: number): number {
  const trials = onlyFirst + onlySecond;
  const smaller = Math.min(onlyFirst, onlySecond);
  if (onlyFirst === onlySecond) return 1;
  // Terms run from C(n, 0) upwards and are summed relative to the last one, the largest, so that none underflows.
  let term = 1;
  let sum = 1;
  for (let k = smaller; k >= 1 && term > 1e-18 * sum; k--) {
    term *= k / (trials - k + 1);
    sum += term;
  }
  let logLargest = -trials * Math.LN2;
  for (let k = 1; k <= smaller; k++) logLargest += Math.log((trials - k + 1) / k);
  return Math.min(1, 2 * Math.exp(logLargest) * sum);
}

/**
 * McNemar's exact test on two models' outcomes over the same rows (1 right, 0 wrong, in the same order).
 * Throws INPUT_INVALID when the lengths differ.
 */
export function mcnemarTest(first: ArrayLike<number>, second: ArrayLike<number>): McNemarTest {
  if (first.length !== second.length) {
    throw new AttuneError(
      "INPUT_INVALID",
      `A paired test needs the same rows from both models, received ${first.length} and ${second.length}.`,
    );
  }
  let onlyFirst = 0;
  let onlySecond = 0;
  for (let row = 0; row < first.length; row++) {
    if (first[row] === 1 && second[row] !== 1) onlyFirst++;
    if (first[row] !== 1 && second[row] === 1) onlySecond++;
  }
  return { onlyFirst, onlySecond, pValue: exactBinomialPValue(onlyFirst, onlySecond) };
}

/**
 * Wilson's score interval for a proportion p = k / n (Wilson, JASA 1927):
 * (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n). It stays inside [0, 1] and is usable at p = 0 and p = 1.
 * For clustered rows n is divided by the design effect, the ratio of the clustered variance to the binomial one
 * (Kish, Survey Sampling, 1965; Dean and Pagano, Survey Research Methods 2015).
 */
import { AttuneError } from "@attune/spec";
import { checkConfidence } from "../check.ts";
import { normalQuantile } from "./normal-distribution.ts";

/** A range that holds the true value with the stated confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's interval for `successes` of `n`. Neither has to be an integer, so that an effective sample size can be
 * given; no observation at all (n = 0) says nothing and gives [0, 1].
 *
 * @throws AttuneError `INPUT_INVALID` unless 0 <= successes <= n
 */
export function wilsonInterval(successes: number, n: number, confidence = 0.95): Interval {
  checkConfidence(confidence);
  if (!(n >= 0 && successes >= 0 && successes <= n)) {
    throw new AttuneError(
      "INPUT_INVALID",
      `A proportion needs 0 <= successes <= n, received ${successes} successes of ${n}.`,
    );
  }
  if (n === 0) return { low: 0, high: 1 };
  const z = normalQuantile((1 + confidence) / 2);
  const p = successes / n;
  const scale = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / scale;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / scale;
  return { low: successes === 0 ? 0 : centre - half, high: successes === n ? 1 : centre + half };
}

/**
 * Number of independent rows that carry as much information about the proportion as these clustered ones: n divided by
 * the design effect (at least 1). Where no row or every row succeeds the variance says nothing; rows of one cluster are
 * then taken as copies of each other, (sum of sizes)^2 / sum of squared sizes.
 *
 * @param outcomes 1 or 0 a row.
 * @param clusters cluster index of each row, counted from 0.
 */
export function effectiveSampleSize(outcomes: ArrayLike<number>, clusters: ArrayLike<number>): number {
  const n = outcomes.length;
  const sizes = new Map<number, number>();
  const sums = new Map<number, number>();
  let successes = 0;
  for (let row = 0; row < n; row++) {
    const cluster = clusters[row] ?? 0;
    const outcome = outcomes[row] ?? 0;
    sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
    sums.set(cluster, (sums.get(cluster) ?? 0) + outcome);
    successes += outcome;
  }
  const p = successes / n;
  const count = sizes.size;
  if (successes === 0 || successes === n || count < 2) {
    let squares = 0;
    for (const size of sizes.values()) squares += size * size;
    return n === 0 ? 0 : (n * n) / squares;
  }
  let variance = 0;
  for (const [cluster, size] of sizes) variance += ((sums.get(cluster) ?? 0) - p * size) ** 2;
  variance *= count / (count - 1) / (n * n);
  const designEffect = variance / ((p * (1 - p)) / n);
  return n / Math.max(1, designEffect);
}

/**
 * Bootstrap intervals by resampling whole clusters of rows (a thread, a sender, a document): a draw is a vector of
 * weights, one a row, equal to how often its cluster was drawn. BCa (Efron, JASA 1987) shifts the percentiles by the
 * median bias z0 and the acceleration a, estimated by leaving out one cluster at a time:
 * alpha' = Phi(z0 + (z0 + z) / (1 - a (z0 + z))), a = sum U^3 / (6 (sum U^2)^1.5), U = mean of jackknife - jackknife.
 */
import { AttuneError } from "@attune/spec";
import { checkConfidence, checkInteger } from "../check.ts";
import { normalCdf, normalQuantile } from "./normal-distribution.ts";
import { createRandom } from "./random.ts";
import type { Interval } from "./wilson-interval.ts";

/** Value of a statistic when row i counts `weights[i]` times. Must not keep or change `weights`. */
export type WeightedStatistic = (weights: Float64Array) => number;

/** How to resample. */
export interface BootstrapOptions {
  /** Draws; 2000 by default. */
  readonly resamples?: number | undefined;
  /** Seed of the draws; 0 by default. */
  readonly seed?: number | undefined;
  /** Cluster of each row, counted from 0 without gaps; by default every row is its own. */
  readonly clusters?: Uint32Array | undefined;
}

/** What resampling found for one statistic. */
export interface BootstrapDistribution {
  /** The statistic on the rows as they are. */
  readonly estimate: number;
  /** The statistic on each draw, in the order drawn. */
  readonly replicates: Float64Array;
  /** The statistic without one cluster, or without one block of clusters where there are more than 2000. */
  readonly jackknife: Float64Array;
}

const MAXIMUM_JACKKNIFE_BLOCKS = 2000;

/** Resamples `rows` rows once and evaluates every statistic on the same draws. Throws DATA_EMPTY without rows. */
export function bootstrap(
  rows: number,
  statistics: readonly WeightedStatistic[],
  options: BootstrapOptions = {},
): BootstrapDistribution[] {
  const { resamples = 2000, seed = 0, clusters = Uint32Array.from({ length: rows }, (_, row) => row) } = options;
  checkInteger("resamples", resamples, 1);
  if (rows === 0) throw new AttuneError("DATA_EMPTY", "A bootstrap needs at least one row, received none.");
  if (clusters.length !== rows) {
    throw new AttuneError("INPUT_INVALID", `Expected a cluster for each of ${rows} rows, received ${clusters.length}.`);
  }
  const clusterCount = clusters.reduce((largest, cluster) => Math.max(largest, cluster), 0) + 1;
  const weights = new Float64Array(rows).fill(1);
  const estimates = statistics.map((statistic) => statistic(weights));
  const replicates = statistics.map(() => new Float64Array(resamples));
  const random = createRandom(seed);
  const counts = new Float64Array(clusterCount);
  for (let draw = 0; draw < resamples; draw++) {
    counts.fill(0);
    for (let pick = 0; pick < clusterCount; pick++) counts[random.below(clusterCount)]! += 1;
    for (let row = 0; row < rows; row++) weights[row] = counts[clusters[row]!]!;
    statistics.forEach((statistic, index) => {
      replicates[index]![draw] = statistic(weights);
    });
  }
  const jackknives = leaveOut(clusters, clusterCount, statistics);
  return estimates.map((estimate, index) => ({
    estimate,
    replicates: replicates[index]!,
    jackknife: jackknives[index]!,
  }));
}

function leaveOut(
  clusters: Uint32Array,
  clusterCount: number,
  statistics: readonly WeightedStatistic[],
): Float64Array[] {
  const blocks = clusterCount < 2 ? 0 : Math.min(clusterCount, MAXIMUM_JACKKNIFE_BLOCKS);
  const weights = new Float64Array(clusters.length);
  const results = statistics.map(() => new Float64Array(blocks));
  for (let block = 0; block < blocks; block++) {
    for (let row = 0; row < clusters.length; row++) weights[row] = clusters[row]! % blocks === block ? 0 : 1;
    statistics.forEach((statistic, index) => {
      results[index]![block] = statistic(weights);
    });
  }
  return results;
}

/** The share-th quantile of ascending values, linear between neighbours (numpy's default). */
export function quantile(sorted: Float64Array, share: number): number {
  const position = Math.min(Math.max(share, 0), 1) * (sorted.length - 1);
  const index = Math.floor(position);
  const lower = sorted[index]!;
  return lower + (position - index) * ((sorted[index + 1] ?? lower) - lower);
}

/** The plain percentile interval of a distribution. */
export function percentileInterval(distribution: BootstrapDistribution, confidence = 0.95): Interval {
  checkConfidence(confidence);
  const sorted = distribution.replicates.toSorted();
  return { low: quantile(sorted, (1 - confidence) / 2), high: quantile(sorted, (1 + confidence) / 2) };
}

/**
 * The bias-corrected and accelerated interval, or undefined where it does not exist: draws that never differ, that all
 * lie on one side of the estimate, or a single cluster.
 */
export function bcaInterval(distribution: BootstrapDistribution, confidence = 0.95): Interval | undefined {
  checkConfidence(confidence);
  const { estimate, replicates, jackknife } = distribution;
  let below = 0;
  let equal = 0;
  for (const replicate of replicates) {
    if (replicate < estimate) below++;
    else if (replicate === estimate) equal++;
  }
  const bias = normalQuantile((below + equal / 2) / replicates.length);
  const acceleration = accelerationOf(jackknife);
  if (!Number.isFinite(bias) || acceleration === undefined) return undefined;
  const sorted = replicates.toSorted();
  const at = (probability: number): number => {
    const shifted = bias + normalQuantile(probability);
    return quantile(sorted, normalCdf(bias + shifted / (1 - acceleration * shifted)));
  };
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

function accelerationOf(jackknife: Float64Array): number | undefined {
  const mean = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length;
  let squares = 0;
  let cubes = 0;
  for (const value of jackknife) {
    squares += (mean - value) ** 2;
    cubes += (mean - value) ** 3;
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : undefined;
}

/**
 * Two-sided p-value for "the difference is zero" from the draws of a paired difference: twice the smaller share of
 * draws at or beyond zero, counting the observed data once so that it is never 0.
 */
export function bootstrapPValue(replicates: Float64Array): number {
  let low = 0;
  let high = 0;
  for (const replicate of replicates) {
    if (replicate <= 0) low++;
    if (replicate >= 0) high++;
  }
  return Math.min(1, (2 * (Math.min(low, high) + 1)) / (replicates.length + 1));
}

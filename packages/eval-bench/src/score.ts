import type { Metric, PredictionRow, PreparedMetric } from "./metric.ts";
import type { BootstrapDistribution } from "./statistics/bootstrap.ts";
import { bcaInterval, bootstrap, percentileInterval } from "./statistics/bootstrap.ts";
import { clusterRows } from "./statistics/cluster-rows.ts";
import { effectiveSampleSize, wilsonInterval } from "./statistics/wilson-interval.ts";

/** How an interval was made; `degenerate` means that no draw differed, so the range says nothing about the spread. */
export type IntervalMethod = "wilson" | "wilson-clustered" | "bootstrap-bca" | "bootstrap-percentile" | "degenerate";

/** A number with how many observations it rests on and where the true value lies. */
export interface Score {
  readonly value: number;
  readonly n: number;
  readonly low: number;
  readonly high: number;
  /** For example 0.95. */
  readonly confidence: number;
  readonly method: IntervalMethod;
  /** For a proportion over grouped rows: the wider interval that allows for likeness inside groups. */
  readonly clustered?: { readonly low: number; readonly high: number; readonly effectiveN: number };
}

/** How intervals are made; the defaults are 0.95, 2000 and 0. */
export interface StatisticsOptions {
  readonly confidence?: number | undefined;
  readonly resamples?: number | undefined;
  readonly seed?: number | undefined;
}

/** BCa where it exists, else the percentile interval, named accordingly. */
export function bootstrapInterval(
  distribution: BootstrapDistribution,
  confidence: number,
): { low: number; high: number; method: IntervalMethod } {
  const bca = bcaInterval(distribution, confidence);
  if (bca !== undefined) return { ...bca, method: "bootstrap-bca" };
  const interval = percentileInterval(distribution, confidence);
  return { ...interval, method: interval.low === interval.high ? "degenerate" : "bootstrap-percentile" };
}

/**
 * Every metric over the rows, by id. Proportions get Wilson's interval; everything else is resampled by group with
 * one shared set of draws. Throws DATA_EMPTY without rows.
 */
export function scoreRows<Row extends PredictionRow>(
  rows: readonly Row[],
  metrics: readonly Metric<Row>[],
  options: StatisticsOptions = {},
): Record<string, Score> {
  const { confidence = 0.95, resamples, seed } = options;
  const { clusters, shared } = clusterRows(rows);
  const prepared = metrics.map((metric) => metric.prepare(rows));
  const resampled = prepared.filter(({ outcomes }) => outcomes === undefined);
  const distributions = bootstrap(
    rows.length,
    resampled.map(({ value }) => value),
    { resamples: resampled.length === 0 ? 1 : resamples, seed, clusters },
  );
  const ones = new Float64Array(rows.length).fill(1);
  return Object.fromEntries(
    prepared.map((metric, index): [string, Score] => {
      const { n, outcomes } = metric;
      const id = metrics[index]!.id;
      if (outcomes !== undefined) {
        return [id, proportionScore(metric.value(ones), n, outcomes, shared ? clusters : undefined, confidence)];
      }
      const distribution = distributions[resampled.indexOf(metric)]!;
      return [id, { value: distribution.estimate, n, confidence, ...bootstrapInterval(distribution, confidence) }];
    }),
  );
}

function proportionScore(
  value: number,
  n: number,
  outcomes: NonNullable<PreparedMetric["outcomes"]>,
  clusters: Uint32Array | undefined,
  confidence: number,
): Score {
  const counted = Uint32Array.from(outcomes.keys()).filter((row) => outcomes[row] !== -1);
  const successes = counted.reduce((sum, row) => sum + outcomes[row]!, 0);
  const simple: Score = { value, n, ...wilsonInterval(successes, n, confidence), confidence, method: "wilson" };
  if (clusters === undefined || n === 0) return simple;
  const effectiveN = effectiveSampleSize(
    Array.from(counted, (row) => outcomes[row]!),
    Array.from(counted, (row) => clusters[row]!),
  );
  return {
    ...simple,
    clustered: { ...wilsonInterval((successes / n) * effectiveN, effectiveN, confidence), effectiveN },
  };
}

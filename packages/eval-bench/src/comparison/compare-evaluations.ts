/**
 * Is the difference between two models real? Rows are matched by id. Proportions over the same rows get McNemar's exact
 * test; everything gets the paired bootstrap, which draws the same groups for both models and looks at the difference.
 * Of few groups no test can be sure: had training changed nothing, all G would still change for the better, or all for the
 * worse, in 2 of 2^G cases, so that no p-value is below 2^(1 - G).
 */
import { AttuneError } from "@attune/spec";
import type { Evaluation } from "../evaluation.ts";
import type { PredictionRow, PreparedMetric } from "../metric.ts";
import type { IntervalMethod, StatisticsOptions } from "../score.ts";
import { bootstrapInterval } from "../score.ts";
import { bootstrap, bootstrapPValue } from "../statistics/bootstrap.ts";
import { clusterRows } from "../statistics/cluster-rows.ts";
import { mcnemarTest } from "../statistics/mcnemar-test.ts";

/** One metric of two models. */
export interface Comparison {
  readonly metric: string;
  readonly title: string;
  readonly before: number;
  readonly after: number;
  /** after - before, with its interval. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  readonly method: IntervalMethod;
  /** Two-sided; at least 2^(1 - groups). */
  readonly pValue: number;
  readonly test: "mcnemar-exact" | "paired-bootstrap";
  /**
   * Whether the interval excludes zero on the good side (`better`), on the bad side (`worse`) or not at all; `undecided` also where
   * there are too few groups for any p-value below 1 - confidence.
   */
  readonly verdict: "better" | "worse" | "undecided";
}

/** Rows of the second list in the order of the first; throws INPUT_INVALID when they are not of the same documents. */
export function pairRows<Row extends PredictionRow>(first: readonly Row[], second: readonly Row[]): Row[] {
  const byId = new Map(second.map((row) => [row.id, row]));
  const paired = first.flatMap(({ id }) => byId.get(id) ?? []);
  if (paired.length !== first.length || first.length !== second.length || byId.size !== second.length) {
    const missing = first.find(({ id }) => !byId.has(id))?.id;
    throw new AttuneError(
      "INPUT_INVALID",
      `A comparison needs predictions of both models for the same documents, received ${first.length} and ${second.length} rows${missing === undefined ? "" : `, and none for "${missing}" in the second`}.`,
    );
  }
  return paired;
}

/**
 * Compares every metric of two evaluations of the same documents under the same settings.
 *
 * @throws AttuneError `INPUT_INVALID` for other documents or other metrics
 */
export function compareEvaluations<Row extends PredictionRow>(
  before: Evaluation<Row>,
  after: Evaluation<Row>,
  options: StatisticsOptions = {},
): Comparison[] {
  const { confidence = 0.95, resamples, seed } = options;
  const rows = pairRows(before.rows, after.rows);
  const size = rows.length;
  const pairs = before.scoring.metrics.map((metric) => {
    const counterpart = after.scoring.metrics.find(({ id }) => id === metric.id);
    if (counterpart === undefined)
      throw new AttuneError("INPUT_INVALID", `The second evaluation has no metric "${metric.id}".`);
    return { metric, first: metric.prepare(before.rows), second: counterpart.prepare(rows) };
  });
  const { clusters, count } = clusterRows(before.rows);
  const distributions = bootstrap(
    size,
    pairs.map(
      ({ first, second }) =>
        (weights: Float64Array) =>
          second.value(weights) - first.value(weights),
    ),
    { resamples, seed, clusters },
  );
  const leastPValue = 2 ** (1 - count);
  const enough = leastPValue < 1 - confidence;
  const ones = new Float64Array(size).fill(1);
  return pairs.map(({ metric, first, second }, index): Comparison => {
    const distribution = distributions[index]!;
    const interval = bootstrapInterval(distribution, confidence);
    const exact = exactTest(first, second);
    const sign = metric.higherIsBetter ? 1 : -1;
    const [worst, best] = sign === 1 ? [interval.low, interval.high] : [-interval.high, -interval.low];
    return {
      metric: metric.id,
      title: metric.title,
      before: first.value(ones),
      after: second.value(ones),
      difference: distribution.estimate,
      ...interval,
      confidence,
      pValue: Math.max(exact ?? bootstrapPValue(distribution.replicates), leastPValue),
      test: exact === undefined ? "paired-bootstrap" : "mcnemar-exact",
      verdict: enough && worst > 0 ? "better" : enough && best < 0 ? "worse" : "undecided",
    };
  });
}

/** McNemar's p-value where both models' outcomes are over the same rows. */
function exactTest(first: PreparedMetric, second: PreparedMetric): number | undefined {
  const [left, right] = [first.outcomes, second.outcomes];
  if (left === undefined || right === undefined) return undefined;
  if (left.some((outcome, row) => (outcome === -1) !== (right[row] === -1))) return undefined;
  return mcnemarTest(left, right).pValue;
}

import type { Contract } from "@attune/spec";
import type { WeightedStatistic } from "./statistics/bootstrap.ts";

/** What every row of a predictions file has, whatever the task. */
export interface PredictionRow {
  /** Id of the document; unique in a file. */
  readonly id: string;
  /** Rows of one group (a thread, a sender, a source) are resampled together. */
  readonly group?: string | undefined;
  /** Whether the document came through a mailing list; scores without lists are then given too. */
  readonly list?: boolean | undefined;
}

/** A metric bound to its rows. */
export interface PreparedMetric {
  /** How many rows (or tokens' owners, slots, predictions) the number rests on. */
  readonly n: number;
  /** The metric when row i counts `weights[i]` times; all weights 1 gives the metric itself. */
  readonly value: WeightedStatistic;
  /**
   * For a proportion: 1 success, 0 failure, -1 row that does not count. Gives Wilson's interval in place of the
   * bootstrap's, and McNemar's test between two models.
   */
  readonly outcomes?: Int8Array | undefined;
}

/**
 * A number computed from predictions. Written once as a function of row weights, it gets its interval (bootstrap),
 * its jackknife and its paired test from this package.
 */
export interface Metric<Row extends PredictionRow = PredictionRow> extends Contract<"metric"> {
  /** Name for people. */
  readonly title: string;
  readonly higherIsBetter: boolean;
  /** `share` is between 0 and 1 and is printed in percent. */
  readonly unit: "share" | "bits/byte" | "number";
  prepare(rows: readonly Row[]): PreparedMetric;
}

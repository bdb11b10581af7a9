/**
 * What adapting cost on general text: the difference of bits per byte, and the ratio of token perplexities
 * exp((nats after - nats before) / tokens), both over the same documents, resampled in pairs by group.
 */
import { AttuneError } from "@attune/spec";
import type { PerplexityRow } from "../perplexity/perplexity-scoring.ts";
import type { IntervalMethod, StatisticsOptions } from "../score.ts";
import { bootstrapInterval } from "../score.ts";
import type { BootstrapDistribution } from "../statistics/bootstrap.ts";
import { bootstrap } from "../statistics/bootstrap.ts";
import { clusterRows } from "../statistics/cluster-rows.ts";
import { pairRows } from "./compare-evaluations.ts";

/** A number with its interval. */
export interface PairedEstimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
  readonly method: IntervalMethod;
}

/** What was forgotten. */
export interface Forgetting {
  readonly documents: number;
  readonly tokens: number;
  readonly bytes: number;
  /** Bits per byte of the base and of the adapted model. */
  readonly before: number;
  readonly after: number;
  /** after - before in bits per byte; positive is worse. */
  readonly difference: PairedEstimate;
  /** Perplexity after divided by perplexity before; 1.05 means 5 % worse. */
  readonly perplexityRatio: PairedEstimate;
}

/** Compares two models on the same texts; throws INPUT_INVALID when documents or their token counts differ. */
export function measureForgetting(
  before: readonly PerplexityRow[],
  after: readonly PerplexityRow[],
  options: StatisticsOptions = {},
): Forgetting {
  const { confidence = 0.95, resamples, seed } = options;
  const paired = pairRows(before, after);
  const uneven = before.find(
    (row, index) => row.tokens !== paired[index]!.tokens || row.bytes !== paired[index]!.bytes,
  );
  if (uneven !== undefined) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Document ${uneven.id} has other token or byte counts in the second model's rows.`,
      {
        hint: "Perplexities can be compared only between models that share a tokenizer and texts.",
      },
    );
  }
  const lost = Float64Array.from(before, (row, index) => row.logprob - paired[index]!.logprob);
  const lossPer = (count: (row: PerplexityRow) => number) => {
    const counts = Float64Array.from(before, count);
    return (weights: Float64Array): number => {
      let [nats, units] = [0, 0];
      for (let row = 0; row < weights.length; row++) {
        nats += weights[row]! * lost[row]!;
        units += weights[row]! * counts[row]!;
      }
      return nats / units;
    };
  };
  const perByte = lossPer(({ bytes }) => bytes * Math.LN2);
  const perToken = lossPer(({ tokens }) => tokens);
  const { clusters } = clusterRows(before);
  const [difference, ratio] = bootstrap(before.length, [perByte, (weights) => Math.exp(perToken(weights))], {
    resamples,
    seed,
    clusters,
  });
  const estimate = (distribution: BootstrapDistribution): PairedEstimate => ({
    value: distribution.estimate,
    ...bootstrapInterval(distribution, confidence),
    confidence,
  });
  const total = (rows: readonly PerplexityRow[], field: "logprob" | "tokens" | "bytes"): number =>
    rows.reduce((sum, row) => sum + row[field], 0);
  const bytes = total(before, "bytes");
  return {
    documents: before.length,
    tokens: total(before, "tokens"),
    bytes,
    before: -total(before, "logprob") / (bytes * Math.LN2),
    after: -total(paired, "logprob") / (bytes * Math.LN2),
    difference: estimate(difference!),
    perplexityRatio: estimate(ratio!),
  };
}

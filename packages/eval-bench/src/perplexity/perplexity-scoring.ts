/**
 * Bits per byte = -sum logprob / (ln 2 * UTF-8 bytes), which compares models of different vocabularies, and token
 * perplexity = exp(-sum logprob / tokens), which does not.
 */
import { AttuneError, type FieldPlace, numberField } from "@attune/spec";
import type { Metric, PredictionRow } from "../metric.ts";
import { commonFields, readRow } from "../prediction-row-fields.ts";
import type { Scoring } from "../task.ts";

/** One line of a perplexity's predictions file. */
export interface PerplexityRow extends PredictionRow {
  /** Natural-log probability of the whole text. */
  readonly logprob: number;
  /** Tokens scored. */
  readonly tokens: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
}

const ratio = (
  id: string,
  title: string,
  unit: Metric["unit"],
  per: "bytes" | "tokens",
  finish: (nats: number) => number,
): Metric<PerplexityRow> => ({
  kind: "metric",
  specificationVersion: 1,
  id,
  title,
  unit,
  higherIsBetter: false,
  prepare: (rows) => ({
    n: rows.reduce((sum, row) => sum + row[per], 0),
    value: (weights) => finish(natsPer(rows, per, weights)),
  }),
});

function natsPer(rows: readonly PerplexityRow[], per: "bytes" | "tokens", weights: Float64Array): number {
  let nats = 0;
  let count = 0;
  for (const [index, row] of rows.entries()) {
    nats -= weights[index]! * row.logprob;
    count += weights[index]! * row[per];
  }
  return nats / count;
}

/** `bitsPerByte` over bytes, resampled by document or group. */
export const bitsPerByteMetric: Metric<PerplexityRow> = ratio(
  "bitsPerByte",
  "Bits per byte",
  "bits/byte",
  "bytes",
  (nats) => nats / Math.LN2,
);

/** `perplexity` a token; only models that share a tokenizer can be compared by it. */
export const perplexityMetric: Metric<PerplexityRow> = ratio(
  "perplexity",
  "Perplexity a token",
  "number",
  "tokens",
  Math.exp,
);

/** Reads one row; throws FILE_CORRUPT. */
function parsePerplexityRow(value: unknown, place?: FieldPlace): PerplexityRow {
  const row = readRow(value, place);
  return {
    ...commonFields(row),
    logprob: row.read("logprob", numberField()),
    tokens: row.read("tokens", numberField({ minimum: 1 })),
    bytes: row.read("bytes", numberField({ minimum: 1 })),
  };
}

/** Scoring of perplexity rows. */
export function createPerplexityScoring(): Scoring<PerplexityRow> {
  return {
    kind: "perplexity",
    settings: {},
    metrics: [bitsPerByteMetric, perplexityMetric],
    parseRow: parsePerplexityRow,
    details: (rows) => ({ documents: rows.length, tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0) }),
  };
}

/** Throws NUMERICS unless the summed log-probability is finite and not positive. */
export function checkLogprob(logprob: number, id: string): void {
  if (Number.isFinite(logprob) && logprob <= 1e-6) return;
  throw new AttuneError(
    "NUMERICS",
    `The model gave log-probability ${logprob} for document ${id}, expected a finite number of at most 0.`,
  );
}

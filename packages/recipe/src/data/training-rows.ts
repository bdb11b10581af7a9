// Rows ready for training: tokenised, checked and counted, with the plan of batches they fill.
import { AttuneError, type TextRecord, type Tokenizer } from "@attune/spec";
import { checkExamples, type ExampleCounts, type LongRows, type TrainingExample } from "@attune/train";
import type { RowBuilder } from "./row-builder.ts";

/** Rows of one part. */
export interface TrainingRows {
  readonly examples: readonly TrainingExample[];
  readonly counts: ExampleCounts & { readonly truncated: number };
  /** UTF-8 bytes of all trained text, for bits per byte. */
  readonly trainedBytes: number;
}

/** How rows are checked. */
export interface RowLimits {
  readonly tokenizer: Tokenizer;
  readonly contextLength: number;
  readonly longRows?: LongRows | undefined;
}

/** Rows of plain texts, all of them trained. */
export function buildTextRows(
  texts: readonly { readonly id: string; readonly text: string }[],
  builder: RowBuilder,
  limits: RowLimits,
): TrainingRows {
  const encoder = new TextEncoder();
  const { examples, counts } = checkExamples(
    texts.map(({ id, text }) => builder.plain(id, text)),
    limits,
  );
  const trainedBytes = texts.reduce((sum, { text }) => sum + encoder.encode(text).length, 0);
  return { examples, counts: { ...counts, truncated: 0 }, trainedBytes };
}

/** Builds and checks the rows of records. @throws AttuneError as `checkExamples` does */
export function buildRows(records: readonly TextRecord[], builder: RowBuilder, limits: RowLimits): TrainingRows {
  const encoder = new TextEncoder();
  let truncated = 0;
  let trainedBytes = 0;
  const built = records.flatMap((record) =>
    builder.rows(record).map((row) => {
      if (row.truncated) truncated++;
      for (const { text, trained } of row.segments) if (trained) trainedBytes += encoder.encode(text).length;
      return row.example;
    }),
  );
  const { examples, counts } = checkExamples(built, limits);
  return { examples, counts: { ...counts, truncated }, trainedBytes };
}

/** Refuses labels that no training row has: the model would never learn to say them. */
export function checkLabelsTrained(records: readonly TextRecord[], labels: readonly string[]): void {
  const trained = new Set(records.map(({ label }) => label));
  const missing = labels.filter((label) => !trained.has(label));
  if (missing.length === 0) return;
  throw new AttuneError(
    "LABELS_INVALID",
    `Expected training rows of every label, but there are none of ${missing
      .slice(0, 10)
      .map((label) => `"${label}"`)
      .join(", ")}.`,
    {
      hint: "Add rows of them, remove them from evaluation.labels, or raise the limits.",
      details: { labels: missing },
    },
  );
}

/** Labels that are told apart: those of the configuration, else those of the records by name. */
export function labelsOf(records: readonly TextRecord[], configured: readonly string[] | null): readonly string[] {
  if (configured !== null) return configured;
  const found = new Set(records.flatMap(({ label }) => (label === undefined ? [] : [label])));
  return [...found].sort();
}

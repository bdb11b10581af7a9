import type { TextRecord } from "@attune/spec";
import { hashText } from "../hash-text.ts";
import { normaliseText } from "../normalise-text.ts";
import { createHashIndex } from "../spill/hash-index.ts";
import { createUint32List } from "../spill/number-list.ts";

/** Smallest, largest, mean and quantiles of a length; quantiles are values that occur (nearest rank). */
export interface LengthSummary {
  readonly minimum: number;
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly maximum: number;
}

/** What a data set looks like. */
export interface DataStats {
  /** Number of records. */
  readonly records: number;
  /** Lengths of the texts in UTF-16 units. */
  readonly characters: LengthSummary;
  /** Lengths in words separated by white space. */
  readonly words: LengthSummary;
  /** Records per label, largest first; records without one are under "". */
  readonly labels: Readonly<Record<string, number>>;
  /** Records whose text occurred before, after lower-casing and folding white space. */
  readonly duplicates: number;
  /** Records per source, largest first. */
  readonly sources: Readonly<Record<string, number>>;
  /** Records per licence, largest first; unknown ones are under "". */
  readonly licences: Readonly<Record<string, number>>;
}

/** Reads all records once and describes them; holds about 32 bytes a record. */
export async function computeStats(records: AsyncIterable<TextRecord>): Promise<DataStats> {
  const characters = createUint32List();
  const words = createUint32List();
  const seen = createHashIndex();
  const labels = new Map<string, number>();
  const sources = new Map<string, number>();
  const licences = new Map<string, number>();
  let duplicates = 0;
  for await (const record of records) {
    characters.push(record.text.length);
    words.push(countWords(record.text));
    if (seen.getOrAdd(hashText(normaliseText(record.text, "fold-space")), 0) !== undefined) duplicates += 1;
    for (const [counts, key] of [
      [labels, record.label ?? ""],
      [sources, record.source],
      [licences, record.licence ?? ""],
    ] as const) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return {
    records: characters.length,
    characters: summarise(characters.view()),
    words: summarise(words.view()),
    labels: sorted(labels),
    duplicates,
    sources: sorted(sources),
    licences: sorted(licences),
  };
}

function countWords(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(/\S+/g)) count += 1;
  return count;
}

function summarise(values: Uint32Array): LengthSummary {
  const ordered = values.slice().sort();
  const quantile = (share: number): number => ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)] ?? 0;
  const mean = ordered.length === 0 ? 0 : ordered.reduce((total, value) => total + value, 0) / ordered.length;
  return {
    minimum: ordered[0] ?? 0,
    mean,
    median: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    maximum: ordered.at(-1) ?? 0,
  };
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1)));
}

/**
 * Sparse TF-IDF rows of word uni- and bigrams, as scikit-learn's TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True):
 * words are runs of two or more letters, digits or underscores in lower case; weight = (1 + ln count) *
 * (ln((1 + documents) / (1 + documents with the term)) + 1), then each row is scaled to length 1.
 */
import { AttuneError } from "@attune/spec";

/** Rows of a sparse matrix: row r holds columns[starts[r] .. starts[r + 1]) with their values. */
export interface SparseRows {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
  /** Number of columns. */
  readonly width: number;
}

/** A vocabulary with its weights, fitted on training texts. */
export interface TfidfVectorizer {
  /** Terms in the order of columns (sorted by UTF-16 units). */
  readonly terms: readonly string[];
  /** Rows of these texts; unknown terms are ignored. */
  transform(texts: readonly string[]): SparseRows;
}

const WORD = /[\p{L}\p{N}_]{2,}/gu;

/** Words and pairs of neighbouring words, with repetitions. */
export function extractTerms(text: string): string[] {
  const words = text.toLowerCase().match(WORD) ?? [];
  const terms: string[] = [...words];
  for (let index = 1; index < words.length; index++) terms.push(`${words[index - 1]} ${words[index]}`);
  return terms;
}

function countTerms(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of extractTerms(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/**
 * Learns vocabulary and document frequencies. Terms in fewer than `minDocuments` texts (default 2) are left out.
 * Throws DATA_EMPTY when no term remains.
 */
export function fitTfidf(texts: readonly string[], options: { readonly minDocuments?: number } = {}): TfidfVectorizer {
  const { minDocuments = 2 } = options;
  const documents = new Map<string, number>();
  for (const text of texts) {
    for (const term of new Set(extractTerms(text))) documents.set(term, (documents.get(term) ?? 0) + 1);
  }
  const terms = [...documents.keys()].filter((term) => documents.get(term)! >= minDocuments).sort();
  if (terms.length === 0)
    throw new AttuneError("DATA_EMPTY", `No term occurs in ${minDocuments} of ${texts.length} training texts.`);
  const columnOf = new Map(terms.map((term, column) => [term, column]));
  const rarity = Float64Array.from(terms, (term) => Math.log((1 + texts.length) / (1 + documents.get(term)!)) + 1);
  return { terms, transform: (unseen) => transform(unseen, columnOf, rarity) };
}

function transform(texts: readonly string[], columnOf: ReadonlyMap<string, number>, rarity: Float64Array): SparseRows {
  const starts = new Uint32Array(texts.length + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (const [row, text] of texts.entries()) {
    const start = columns.length;
    let squares = 0;
    for (const [term, count] of countTerms(text)) {
      const column = columnOf.get(term);
      if (column === undefined) continue;
      const weight = (1 + Math.log(count)) * rarity[column]!;
      columns.push(column);
      values.push(weight);
      squares += weight * weight;
    }
    for (let index = start; index < values.length; index++) values[index]! /= Math.sqrt(squares);
    starts[row + 1] = columns.length;
  }
  return { starts, columns: Uint32Array.from(columns), values: Float64Array.from(values), width: rarity.length };
}

/**
 * Sparse TF-IDF rows of word uni- and bigrams, as scikit-learn's TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True):
 * words are runs of two or more letters with their marks, digits or underscores in lower case; in texts in scripts that part no words
 * by spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) their characters are words, too; weight = (1 + ln count) *
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

const unspaced = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]`;
const UNSPACED = new RegExp(unspaced, "gu");
// Marks beside letters: the vowels of Hindi and Tamil are marks, and words of them would fall apart.
const WORD = /[\p{L}\p{M}\p{N}_]{2,}/gu;
const CHARACTER_OR_WORD = new RegExp(String.raw`${unspaced}|(?:(?!${unspaced})[\p{L}\p{M}\p{N}_]){2,}`, "gu");

/** From this share of characters on, texts count as being in scripts without spaces; a few such texts among others change nothing. */
const leastUnspaced = 0.1;

/** Words and pairs of neighbouring words of a text, with repetitions. */
export type TermExtractor = (text: string) => string[];

/** How the terms of such texts, and of others like them, are found. */
export function termExtractor(texts: readonly string[]): TermExtractor {
  const count = (of: (text: string) => number): number => texts.reduce((sum, text) => sum + of(text), 0);
  const without = count((text) => text.match(UNSPACED)?.length ?? 0);
  const pattern = without >= leastUnspaced * count((text) => text.length) && without > 0 ? CHARACTER_OR_WORD : WORD;
  return (text) => {
    const words = text.toLowerCase().match(pattern) ?? [];
    const terms: string[] = [...words];
    for (let index = 1; index < words.length; index++) terms.push(`${words[index - 1]} ${words[index]}`);
    return terms;
  };
}

function countTerms(text: string, termsOf: TermExtractor): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of termsOf(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/**
 * Learns vocabulary and document frequencies. Terms in fewer than `minDocuments` texts (default 2) are left out.
 * Throws DATA_EMPTY when no term remains.
 */
export function fitTfidf(texts: readonly string[], options: { readonly minDocuments?: number } = {}): TfidfVectorizer {
  const { minDocuments = 2 } = options;
  const documents = new Map<string, number>();
  const termsOf = termExtractor(texts);
  for (const text of texts) {
    for (const term of new Set(termsOf(text))) documents.set(term, (documents.get(term) ?? 0) + 1);
  }
  const terms = [...documents.keys()].filter((term) => documents.get(term)! >= minDocuments).sort();
  if (terms.length === 0) throw noTerms(minDocuments, texts.length);
  const columnOf = new Map(terms.map((term, column) => [term, column]));
  const rarity = Float64Array.from(terms, (term) => Math.log((1 + texts.length) / (1 + documents.get(term)!)) + 1);
  return { terms, transform: (unseen) => transform(unseen, termsOf, columnOf, rarity) };
}

/** Of texts that share no word nothing is learnt. */
export function noTerms(minDocuments: number, texts: number): AttuneError {
  return new AttuneError(
    "DATA_EMPTY",
    `No term occurs in ${minDocuments} of ${texts} training texts, as the text baseline needs.`,
    { hint: "Give more training records, or do without this baseline: evaluation.baselines=[majority]." },
  );
}

function transform(
  texts: readonly string[],
  termsOf: TermExtractor,
  columnOf: ReadonlyMap<string, number>,
  rarity: Float64Array,
): SparseRows {
  const starts = new Uint32Array(texts.length + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (const [row, text] of texts.entries()) {
    const start = columns.length;
    let squares = 0;
    for (const [term, count] of countTerms(text, termsOf)) {
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

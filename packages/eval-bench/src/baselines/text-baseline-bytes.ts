// What fitting the text baseline holds: features, which grow with the text, and one number for each term and class in every
// vector of the search, which is what counts where classes are many.
import { minimiserBytes } from "../statistics/lbfgs.ts";
import { parameterCount } from "./logistic-regression.ts";
import { noTerms, termExtractor } from "./tfidf.ts";

/** Terms with their counts and sparse rows, measured on mails and on short questions. */
const featureBytesPerCharacter = 12;

/** Parameters held beside the search: where it starts, what it found, and the best so far. */
const keptParameters = 3;

/** Terms are counted by hash into so many places: few collisions, and no copy of the vocabulary. */
const places = 2 ** 22;

/**
 * Bytes that `fitTextBaseline` holds at its peak, for training texts of so many classes; nothing is fitted. Throws `DATA_EMPTY` where it
 * would: for texts that share no word.
 */
export function textBaselineBytes(texts: readonly string[], classes: number): number {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const terms = countSharedTerms(texts);
  if (terms === 0) throw noTerms(2, texts.length);
  const size = parameterCount(terms, classes);
  return characters * featureBytesPerCharacter + minimiserBytes(size) + keptParameters * 8 * size;
}

/** Distinct terms that at least two texts have. */
function countSharedTerms(texts: readonly string[]): number {
  const shared = -1;
  /** For each hash the text that had it first, counted from 1. */
  const firstText = new Int32Array(places);
  const termsOf = termExtractor(texts);
  let count = 0;
  for (const [index, text] of texts.entries()) {
    for (const term of termsOf(text)) {
      const place = hashOf(term) % places;
      const first = firstText[place]!;
      if (first === 0) firstText[place] = index + 1;
      else if (first !== shared && first !== index + 1) {
        firstText[place] = shared;
        count += 1;
      }
    }
  }
  return count;
}

/** FNV-1a over UTF-16 units, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

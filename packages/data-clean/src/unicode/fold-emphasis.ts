/** Letters in a row that are all capitals: SHOUTING, and abbreviations. */
const capitals = /\p{Lu}{2,}/gu;
/** More than three of one mark in a row: rulers, borders, !!!!!!. */
const repeatedMarks = /([^\p{L}\p{N}\s])\1{3,}/gu;

/**
 * Writes words in capitals as Words: "FREE" becomes "Free". Tokenizers break capitals into single letters, which takes room
 * and hides the word from a model that knows it in small letters.
 */
export function foldCapitals(text: string): string {
  return text.replace(capitals, ([first, ...rest]) => first! + rest.join("").toLowerCase());
}

/** Shortens a mark that is repeated to three of it: "----------" becomes "---". */
export function foldRepeats(text: string): string {
  return text.replace(repeatedMarks, "$1$1$1");
}

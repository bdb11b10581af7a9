import type { TokenBuffer } from "@attune/tokenizer-core";

/** SentencePiece's sign for a space. */
export const wordSign = "\u2581";

const crossing = new RegExp(`[^${wordSign}]${wordSign}`, "u");

/**
 * Whether cutting a piece before each run of signs changes nothing: so it is when no token that a merge makes reaches
 * over such a place. Texts that no pre-tokenizer cuts can then be encoded word by word, with a cache.
 */
export function canCutAtSigns(mergedTokens: Iterable<string>): boolean {
  for (const token of mergedTokens) if (crossing.test(token)) return false;
  return true;
}

/** Encodes each word of a piece by itself and puts the places right. */
export function encodeAtSigns(text: string, output: TokenBuffer, encodeWord: (word: string) => void): void {
  for (let from = 0; from < text.length; ) {
    let to = text.indexOf(wordSign, from + 1);
    while (to > 0 && text[to - 1] === wordSign) to = text.indexOf(wordSign, to + 1);
    if (to < 0) to = text.length;
    const first = output.length;
    encodeWord(text.slice(from, to));
    for (let index = 2 * first; index < 2 * output.length; index++) output.offsets[index]! += from;
    from = to;
  }
}

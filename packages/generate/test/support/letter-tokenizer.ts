import type { Encoding, Tokenizer } from "@attune/spec";

/** A tokenizer with one id a printable ASCII character: " " is 3, "!" is 4 and so on; 0 to 2 are pad, begin and end. */
export function letterTokenizer({ addsBos = true } = {}): Tokenizer {
  const special = new Set([0, 1, 2]);
  const letter = (id: number): string => (special.has(id) ? "" : String.fromCharCode(id + 29));
  const encode = (text: string): Encoding => ({
    ids: Uint32Array.from(text, (character) => character.charCodeAt(0) - 29),
    offsets: Uint32Array.from({ length: 2 * text.length }, (_, index) => (index + 1) >> 1),
  });
  return {
    kind: "tokenizer",
    specificationVersion: 1,
    id: "letters",
    hash: "letters",
    vocabularySize: 96,
    encode,
    decode: (ids) => Array.from(ids, letter).join(""),
    createDecoder: () => ({ push: letter, end: () => "" }),
    tokenOf: letter,
    idOf: (token) => encode(token).ids[0],
    specialTokens: { pad: 0, bos: 1, eos: 2 },
    specialIds: special,
    addsBos,
    addsEos: false,
  };
}

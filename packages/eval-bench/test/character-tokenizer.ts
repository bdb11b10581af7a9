import type { Tokenizer } from "@attune/spec";

/** One token a character, with a BOS: enough of a tokenizer for tasks. */
export const characterTokenizer: Tokenizer = {
  kind: "tokenizer",
  specificationVersion: 1,
  id: "characters",
  hash: "0",
  vocabularySize: 65_537,
  encode(text) {
    const ids = Uint32Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
    return { ids, offsets: Uint32Array.from({ length: 2 * text.length }, (_, index) => (index + 1) >> 1) };
  },
  decode: (ids) => String.fromCharCode(...Array.from(ids)),
  createDecoder: () => ({ push: (id) => String.fromCharCode(id), end: () => "" }),
  tokenOf: (id) => String.fromCharCode(id),
  idOf: (token) => token.charCodeAt(0),
  specialTokens: { bos: 65_536 },
  specialIds: new Set([65_536]),
  addsBos: false,
  addsEos: false,
};

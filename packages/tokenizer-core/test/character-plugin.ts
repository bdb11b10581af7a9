import type { JsonObject, Tokenizer } from "@attune/spec";
import {
  createTokenizer,
  pushToken,
  type TokenizerFiles,
  type TokenizerPlugin,
  toByteCharacters,
} from "../src/index.ts";

/** A model whose tokens are single characters (or byte characters), so that a test sees every step around a model. */
export const characterPlugin: TokenizerPlugin = {
  kind: "tokenizer-model",
  specificationVersion: 1,
  id: "Characters",
  build(section) {
    const vocabulary = Object.entries(section.object("vocab").fields) as [string, number][];
    const idOf = new Map(vocabulary);
    const tokenOf = new Map(vocabulary.map(([token, id]) => [id, token]));
    return {
      vocabularySize: Math.max(...tokenOf.keys()) + 1,
      idOf: (token) => idOf.get(token),
      tokenOf: (id) => tokenOf.get(id),
      encode(text, bytes, output) {
        for (let start = 0; start < text.length; ) {
          const character = String.fromCodePoint(text.codePointAt(start)!);
          for (const token of bytes ? toByteCharacters(character) : character) {
            pushToken(output, idOf.get(token) ?? 0, start, start + character.length);
          }
          start += character.length;
        }
      },
    };
  },
};

/** The vocabulary of `characterPlugin`: `?` for what is unknown, then the printable ASCII and a few further characters. */
export const characterVocabulary: JsonObject = Object.fromEntries(
  [
    "?",
    ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).filter(
      (character) => character !== "?",
    ),
    "é",
    "▁",
    "ĉ",
    "Ġ",
    "Ċ",
    "🦙",
  ].map((token, id) => [token, id]),
);

/** Makes a tokenizer of characters with some sections of tokenizer.json. */
export function characterTokenizer(sections: JsonObject = {}, files: Partial<TokenizerFiles> = {}): Tokenizer {
  const tokenizer = { model: { type: "Characters", vocab: characterVocabulary }, ...sections };
  return createTokenizer({ source: "tokenizer.json", tokenizer, ...files }, [characterPlugin]);
}

/** The tokens of a text, as they are written in the vocabulary. */
export function tokensOf(tokenizer: Tokenizer, text: string, parseSpecialTokens = false): string[] {
  return Array.from(tokenizer.encode(text, { parseSpecialTokens }).ids, (id) => tokenizer.tokenOf(id)!);
}

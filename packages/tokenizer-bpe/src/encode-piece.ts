import {
  byteCharacters,
  pushToken,
  type TokenBuffer,
  type TokenizerModel,
  toByteCharacters,
} from "@attune/tokenizer-core";
import type { BpeVocabulary } from "./bpe-vocabulary.ts";
import { canCutAtSigns, encodeAtSigns, wordSign } from "./cut-at-signs.ts";
import { createMerger } from "./merge-symbols.ts";
import { createSymbolList, pushSymbol, type SymbolList } from "./symbol-list.ts";
import { forEachByte, utf8Bytes } from "./utf8.ts";
import { WordCache } from "./word-cache.ts";

/** How pieces become symbols before they are merged, as tokenizer.json says. */
export interface BpeOptions {
  /** Id for a character that the vocabulary does not hold; without one, such a character is left out. */
  readonly unknownId: number | undefined;
  /** One unknown token for several unknown characters in a row. */
  readonly fuseUnknown: boolean;
  /** Tokens `<0x00>` to `<0xFF>` for the bytes of an unknown character. */
  readonly byteFallback: boolean;
  /** A piece that is a token as a whole is that token, without merging. */
  readonly ignoreMerges: boolean;
  /** Begins every symbol of a word but the first. */
  readonly continuingPrefix: string;
  /** Ends the last symbol of a word. */
  readonly endSuffix: string;
}

/** Makes the function that appends the tokens of one piece. */
export function createBpeEncoder(vocabulary: BpeVocabulary, options: BpeOptions): TokenizerModel["encode"] {
  const { idOf, ranks, results } = vocabulary;
  const merge = createMerger({
    find: ({ ids }, left, right) => ranks.get(ids[left]!, ids[right]!),
    priorities: Int32Array.from(results.keys()),
    results,
  });
  const symbols = createSymbolList();
  const addSymbols = { bytes: byteSymbols(vocabulary, options), characters: characterSymbols(vocabulary, options) };
  const caches = { bytes: new WordCache(), characters: new WordCache() };
  const wholeTokenId = options.ignoreMerges ? wholeToken(idOf) : () => undefined;

  const encodeWord = (text: string, kind: "bytes" | "characters", output: TokenBuffer): void => {
    if (caches[kind].append(text, output)) return;
    const first = output.length;
    const whole = wholeTokenId(text, kind);
    if (whole !== undefined) pushToken(output, whole, 0, text.length);
    else {
      symbols.length = 0;
      addSymbols[kind](text, symbols);
      merge(symbols);
      for (let index = symbols.length > 0 ? 0 : -1; index >= 0; index = symbols.next[index]!) {
        pushToken(output, symbols.ids[index]!, symbols.starts[index]!, symbols.ends[index]!);
      }
    }
    caches[kind].remember(text, output, first);
  };
  const cutsAtSigns = mayCut(vocabulary, options);
  return (text, bytes, output) => {
    if (bytes || !cutsAtSigns) encodeWord(text, bytes ? "bytes" : "characters", output);
    else encodeAtSigns(text, output, (word) => encodeWord(word, "characters", output));
  };
}

/** Not where words have signs of their own, or where the sign could be an unknown character that is fused. */
function mayCut({ idOf, tokenOf, results }: BpeVocabulary, options: BpeOptions): boolean {
  if (options.ignoreMerges || options.continuingPrefix !== "" || options.endSuffix !== "" || !idOf.has(wordSign))
    return false;
  return canCutAtSigns(Array.from(results, (id) => tokenOf.get(id)!));
}

function wholeToken(
  idOf: ReadonlyMap<string, number>,
): (text: string, kind: "bytes" | "characters") => number | undefined {
  let longest = 0;
  for (const token of idOf.keys()) longest = Math.max(longest, token.length);
  return (text, kind) =>
    text.length > longest ? undefined : idOf.get(kind === "bytes" ? toByteCharacters(text) : text);
}

type AddSymbols = (text: string, symbols: SymbolList) => void;

/** One symbol for each byte of the piece; all bytes of a character have its place. */
function byteSymbols({ idOf }: BpeVocabulary, options: BpeOptions): AddSymbols {
  const { continuingPrefix, endSuffix } = options;
  const plain = continuingPrefix === "" && endSuffix === "";
  const ids = Int32Array.from(byteCharacters, (character) => idOf.get(character) ?? -1);
  const addUnknown = unknownSymbols(idOf, options);
  const addDecorated = characterSymbols({ idOf } as BpeVocabulary, options);
  return (text, symbols) => {
    if (!plain) {
      // Prefixes and suffixes are rare with bytes: spell the bytes out, then give the symbols their places back.
      addDecorated(toByteCharacters(text), symbols);
      const places: number[] = [];
      forEachByte(text, (_, start, end) => places.push(start, end));
      for (let index = 0; index < symbols.length; index++) {
        const byte = symbols.starts[index]!;
        symbols.ends[index] = places[2 * (symbols.ends[index]! - 1) + 1]!;
        symbols.starts[index] = places[2 * byte]!;
      }
      return;
    }
    forEachByte(text, (byte, start, end) => {
      if (ids[byte]! >= 0) pushSymbol(symbols, ids[byte]!, start, end);
      else addUnknown(byteCharacters[byte]!, start, end, symbols);
    });
  };
}

/** One symbol for each code point of the piece. */
function characterSymbols({ idOf }: Pick<BpeVocabulary, "idOf">, options: BpeOptions): AddSymbols {
  const { continuingPrefix, endSuffix } = options;
  const addUnknown = unknownSymbols(idOf, options);
  return (text, symbols) => {
    for (let start = 0; start < text.length; ) {
      const end = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      let symbol = text.slice(start, end);
      if (start > 0) symbol = continuingPrefix + symbol;
      if (end === text.length) symbol += endSuffix;
      const id = idOf.get(symbol);
      if (id === undefined) addUnknown(symbol, start, end, symbols);
      else pushSymbol(symbols, id, start, end);
      start = end;
    }
  };
}

/** Appends what stands for a symbol that the vocabulary does not hold: its bytes, the unknown token, or nothing. */
function unknownSymbols(
  idOf: ReadonlyMap<string, number>,
  { unknownId, fuseUnknown, byteFallback }: BpeOptions,
): (symbol: string, start: number, end: number, symbols: SymbolList) => void {
  const byteIds = Int32Array.from({ length: 256 }, (_, byte) => {
    const hexadecimal = byte.toString(16).toUpperCase().padStart(2, "0");
    return byteFallback ? (idOf.get(`<0x${hexadecimal}>`) ?? -1) : -1;
  });
  return (symbol, start, end, symbols) => {
    const bytes = byteFallback ? utf8Bytes(symbol) : undefined;
    if (bytes?.every((byte) => byteIds[byte]! >= 0)) {
      for (const byte of bytes) pushSymbol(symbols, byteIds[byte]!, start, end);
    } else if (unknownId !== undefined) {
      const last = symbols.length - 1;
      const fuses = fuseUnknown && last >= 0 && symbols.ids[last] === unknownId;
      if (fuses) symbols.ends[last] = end;
      else pushSymbol(symbols, unknownId, start, end);
    }
  };
}

/**
 * SentencePiece's byte-pair encoding (Kudo and Richardson 2018, arXiv:1808.06226): there are no merge rules, any two
 * neighbours whose concatenation is a token may be merged, the one with the highest score first, the leftmost of
 * equals. What is no token in the end becomes its UTF-8 bytes.
 */
import { anyListField, type FieldReader } from "@attune/spec";
import { pushToken, type TokenBuffer, type TokenizerModel, type TokenizerPlugin } from "@attune/tokenizer-core";
import { canCutAtSigns, encodeAtSigns } from "./cut-at-signs.ts";
import { llamaTokenizerFiles } from "./gguf-llama.ts";
import { createMerger } from "./merge-symbols.ts";
import { createSymbolList, pushSymbol, type SymbolList } from "./symbol-list.ts";
import { forEachByte } from "./utf8.ts";
import { WordCache } from "./word-cache.ts";

/** Byte-pair encoding by scores, which only GGUF vocabularies of the model `llama` use. */
export const scoredBpePlugin: TokenizerPlugin = {
  kind: "tokenizer-model",
  specificationVersion: 1,
  id: "ScoredBPE",
  build: buildScoredBpe,
  gguf: { llama: llamaTokenizerFiles },
};

/** Token types whose tokens arise from text: normal, user defined. */
const mergeable: ReadonlySet<number> = new Set([1, 4]);

function buildScoredBpe(section: FieldReader): TokenizerModel {
  const tokens = section.read("tokens", anyListField) as readonly string[];
  const scores = section.read("scores", anyListField) as readonly number[];
  const types = section.read("types", anyListField) as readonly number[];
  if (scores.length !== tokens.length || types.length !== tokens.length) {
    throw section.error(
      undefined,
      `expected ${tokens.length} scores and types, but found ${scores.length} and ${types.length}.`,
    );
  }
  const idOf = new Map<string, number>();
  const byteIds = new Int32Array(256).fill(-1);
  let unknownId = -1;
  for (const [id, token] of tokens.entries()) {
    const byte = types[id] === 6 ? /^<0x([0-9A-F]{2})>$/.exec(token)?.[1] : undefined;
    if (byte !== undefined) byteIds[Number.parseInt(byte, 16)] = id;
    if (types[id] === 2) unknownId = id;
    if (!idOf.has(token) || mergeable.has(types[id]!)) idOf.set(token, id);
  }
  return {
    vocabularySize: tokens.length,
    idOf: (token) => idOf.get(token),
    tokenOf: (id) => tokens[id],
    unknownToken: unknownId < 0 ? undefined : tokens[unknownId],
    encode: scoredEncoder(tokens, scores, types, byteIds, unknownId),
  };
}

function scoredEncoder(
  tokens: readonly string[],
  scores: readonly number[],
  types: readonly number[],
  byteIds: Int32Array,
  unknownId: number,
): TokenizerModel["encode"] {
  const mergeableId = new Map<string, number>();
  let longest = 0;
  for (const [id, token] of tokens.entries()) {
    if (!mergeable.has(types[id]!)) continue;
    mergeableId.set(token, id);
    longest = Math.max(longest, token.length);
  }
  let source = "";
  const idBetween = (start: number, end: number): number =>
    end - start > longest ? -1 : (mergeableId.get(source.slice(start, end)) ?? -1);
  const merge = createMerger({
    find: ({ starts, ends }, left, right) => idBetween(starts[left]!, ends[right]!),
    priorities: prioritiesOf(scores),
    results: Int32Array.from(tokens.keys()),
  });
  const symbols = createSymbolList();
  const cache = new WordCache();
  const encodeWord = (text: string, output: TokenBuffer): void => {
    if (cache.append(text, output)) return;
    const first = output.length;
    source = text;
    addCodePoints(text, symbols, idBetween);
    merge(symbols);
    for (let index = text === "" ? -1 : 0; index >= 0; index = symbols.next[index]!) {
      const [id, start, end] = [symbols.ids[index]!, symbols.starts[index]!, symbols.ends[index]!];
      if (id >= 0) pushToken(output, id, start, end);
      else {
        forEachByte(text.slice(start, end), (byte) => {
          const fallback = byteIds[byte]! >= 0 ? byteIds[byte]! : unknownId;
          if (fallback >= 0) pushToken(output, fallback, start, end);
        });
      }
    }
    cache.remember(text, output, first);
  };
  const cuts = canCutAtSigns(mergeableId.keys());
  return (text, _bytes, output) => {
    if (cuts) encodeAtSigns(text, output, (word) => encodeWord(word, output));
    else encodeWord(text, output);
  };
}

function addCodePoints(text: string, symbols: SymbolList, idBetween: (start: number, end: number) => number): void {
  symbols.length = 0;
  for (let start = 0; start < text.length; ) {
    const end = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
    pushSymbol(symbols, idBetween(start, end), start, end);
    start = end;
  }
}

/** Ranks the scores from the highest; equal scores share a rank, so that the place decides between them. */
function prioritiesOf(scores: readonly number[]): Int32Array {
  const order = Array.from(scores.keys()).sort((left, right) => scores[right]! - scores[left]!);
  const priorities = new Int32Array(scores.length);
  for (const [place, id] of order.entries()) {
    const previous = order[place - 1];
    priorities[id] = previous !== undefined && scores[previous] === scores[id] ? priorities[previous]! : place;
  }
  return priorities;
}

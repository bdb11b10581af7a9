import type { GgufVocabulary } from "@attune/spec";
import { corruptTokenizer, type TokenizerFiles } from "@attune/tokenizer-core";
import { wordSign } from "./cut-at-signs.ts";
import { ggufTokenizerFiles } from "./gguf-gpt2.ts";

/** Turns a GGUF vocabulary of the model `llama` (SentencePiece's BPE with byte fallback) into the files of a tokenizer. */
export function llamaTokenizerFiles(vocabulary: GgufVocabulary): TokenizerFiles {
  const { tokens, scores, tokenTypes, file } = vocabulary;
  if (scores?.length !== tokens.length || tokenTypes?.length !== tokens.length) {
    throw corruptTokenizer(
      file,
      `expected a score and a type for each of the ${tokens.length} tokens, but found ${scores?.length ?? 0} and ${tokenTypes?.length ?? 0}.`,
    );
  }
  if (scores.some((score) => Number.isNaN(score)))
    throw corruptTokenizer(file, "expected scores to be numbers, but there is NaN.");
  const addsSpace = vocabulary.addSpacePrefix ?? true;
  const replaceSpaces = { type: "Replace", pattern: { String: " " }, content: wordSign };
  const prepend = { type: "Prepend", prepend: wordSign };
  const strip = { type: "Strip", content: " ", start: 1, stop: 0 };
  const decoders = [
    { type: "Replace", pattern: { String: wordSign }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    ...(addsSpace ? [strip] : []),
  ];
  return ggufTokenizerFiles(
    vocabulary,
    { addBos: true },
    {
      normalizer: { type: "Sequence", normalizers: addsSpace ? [prepend, replaceSpaces] : [replaceSpaces] },
      pre_tokenizer: null,
      decoder: { type: "Sequence", decoders },
      model: { type: "ScoredBPE", tokens, scores: Array.from(scores), types: Array.from(tokenTypes) },
    },
  );
}

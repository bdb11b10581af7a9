import { AttuneError } from "@attune/spec";
import {
  booleanField,
  corruptSection,
  type Section,
  stringField,
  type TokenizerModel,
  type TokenizerPlugin,
} from "@attune/tokenizer-core";
import { readBpeVocabulary } from "./bpe-vocabulary.ts";
import { createBpeEncoder } from "./encode-piece.ts";
import { gpt2TokenizerFiles } from "./gguf-gpt2.ts";

/** Byte-pair encoding as tokenizer.json describes it: the model type `BPE`, and the GGUF vocabularies of `gpt2`. */
export const bpePlugin: TokenizerPlugin = {
  kind: "tokenizer-model",
  specificationVersion: 1,
  id: "BPE",
  build: buildBpe,
  gguf: { gpt2: gpt2TokenizerFiles },
};

function buildBpe(section: Section): TokenizerModel {
  const dropout = section.value["dropout"] ?? 0;
  if (dropout !== 0) {
    if (typeof dropout !== "number") throw corruptSection(`${section.where}.dropout`, "expected a number.");
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `${section.where}.dropout: expected 0 or nothing, but found ${dropout}.`,
      {
        hint: "Dropout makes encoding random; set it to null to encode.",
        details: { key: `${section.where}.dropout` },
      },
    );
  }
  const vocabulary = readBpeVocabulary(section);
  const unknownToken = stringField(section, "unk_token", "");
  const encode = createBpeEncoder(vocabulary, {
    unknownId: vocabulary.idOf.get(unknownToken),
    fuseUnknown: booleanField(section, "fuse_unk", false),
    byteFallback: booleanField(section, "byte_fallback", false),
    ignoreMerges: booleanField(section, "ignore_merges", false),
    continuingPrefix: stringField(section, "continuing_subword_prefix", ""),
    endSuffix: stringField(section, "end_of_word_suffix", ""),
  });
  return {
    vocabularySize: vocabulary.size,
    idOf: (token) => vocabulary.idOf.get(token),
    tokenOf: (id) => vocabulary.tokenOf.get(id),
    unknownToken: unknownToken === "" ? undefined : unknownToken,
    encode,
  };
}

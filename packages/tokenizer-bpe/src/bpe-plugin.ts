import { booleanField, type FieldReader, numberField, textField } from "@attune/spec";
import type { TokenizerModel, TokenizerPlugin } from "@attune/tokenizer-core";
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

function buildBpe(section: FieldReader): TokenizerModel {
  const dropout = section.read("dropout", numberField(), 0);
  if (dropout !== 0) {
    throw section.unsupported(
      "dropout",
      `expected "dropout" to be 0 or nothing, but received ${dropout}.`,
      "Dropout makes encoding random; set it to null to encode.",
    );
  }
  const vocabulary = readBpeVocabulary(section);
  const unknownToken = section.read("unk_token", textField, "");
  const encode = createBpeEncoder(vocabulary, {
    unknownId: vocabulary.idOf.get(unknownToken),
    fuseUnknown: section.read("fuse_unk", booleanField, false),
    byteFallback: section.read("byte_fallback", booleanField, false),
    ignoreMerges: section.read("ignore_merges", booleanField, false),
    continuingPrefix: section.read("continuing_subword_prefix", textField, ""),
    endSuffix: section.read("end_of_word_suffix", textField, ""),
  });
  return {
    vocabularySize: vocabulary.size,
    idOf: (token) => vocabulary.idOf.get(token),
    tokenOf: (id) => vocabulary.tokenOf.get(id),
    unknownToken: unknownToken === "" ? undefined : unknownToken,
    encode,
  };
}

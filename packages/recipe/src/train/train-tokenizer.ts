import type { JsonObject, ProgressListener } from "@attune/spec";
import { trainBpe } from "@attune/tokenizer-bpe";
import type { TokenizerFiles } from "@attune/tokenizer-core";
import type { TokenizerTrainingConfig } from "../config/model-config.ts";

/** Trains a byte-level BPE tokenizer on texts; it puts BOS in front of each. */
export async function trainTokenizer(
  texts: Iterable<string>,
  config: TokenizerTrainingConfig,
  options: {
    readonly contextLength: number;
    readonly chatTemplate?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ProgressListener | undefined;
  },
): Promise<TokenizerFiles> {
  const { vocabularySize, minFrequency, bos, eos, pad, reserved } = config;
  const { contextLength, chatTemplate, signal, onProgress } = options;
  const tokenizer = await trainBpe(texts, {
    vocabularySize,
    minFrequency,
    specialTokens: [bos, eos, pad, ...reserved],
    postProcessor: beginWith(bos),
    signal,
    onProgress,
  });
  return {
    source: "trained",
    tokenizer,
    config: { bos_token: bos, eos_token: eos, pad_token: pad, model_max_length: contextLength },
    chatTemplate,
  };
}

/** The section of tokenizer.json that puts BOS, whose id is 0, in front of each text. */
function beginWith(bos: string): JsonObject {
  const sequence = (id: string, type: number): JsonObject => ({ Sequence: { id, type_id: type } });
  const begin: JsonObject = { SpecialToken: { id: bos, type_id: 0 } };
  return {
    type: "TemplateProcessing",
    single: [begin, sequence("A", 0)],
    pair: [begin, sequence("A", 0), sequence("B", 1)],
    special_tokens: { [bos]: { id: bos, ids: [0], tokens: [bos] } },
  };
}

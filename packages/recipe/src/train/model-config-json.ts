import type { JsonObject, Tokenizer } from "@attune/spec";
import type { ArchitectureConfig } from "../config/model-config.ts";

/** `config.json` of a Llama-type model, as Transformers names its keys. */
export function modelConfigOf(architecture: ArchitectureConfig, tokenizer: Tokenizer): JsonObject {
  const { bos = null, eos = null, pad = null } = tokenizer.specialTokens;
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: tokenizer.vocabularySize,
    hidden_size: architecture.hiddenSize,
    intermediate_size: architecture.intermediateSize,
    num_hidden_layers: architecture.layers,
    num_attention_heads: architecture.heads,
    num_key_value_heads: architecture.keyValueHeads ?? architecture.heads,
    head_dim: architecture.headSize ?? architecture.hiddenSize / architecture.heads,
    max_position_embeddings: architecture.contextLength,
    rms_norm_eps: architecture.normEpsilon,
    rope_theta: architecture.ropeTheta,
    tie_word_embeddings: architecture.tiedEmbeddings,
    initializer_range: architecture.initializerRange,
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    bos_token_id: bos,
    eos_token_id: eos,
    pad_token_id: pad,
    torch_dtype: "bfloat16",
    use_cache: true,
  };
}

import type { NameRules, ParameterRole, ParameterSpec } from "../model-family.ts";
import type { LlamaConfig } from "./llama-config.ts";

/** Every parameter of a Llama-type model, in the order of the forward pass. */
export function llamaParameters(config: LlamaConfig): readonly ParameterSpec[] {
  const { vocabularySize, hiddenSize, blockCount, tiedEmbeddings } = config;
  const table = { name: "model.embed_tokens.weight", shape: [vocabularySize, hiddenSize] };
  return [
    { ...table, role: "embedding" },
    ...Array.from({ length: blockCount }, (_, index) => blockParameters(config, `model.layers.${index}`)).flat(),
    { name: "model.norm.weight", shape: [hiddenSize], role: "norm" },
    { name: "lm_head.weight", shape: table.shape, role: "head", ...(tiedEmbeddings ? { tiedTo: table.name } : {}) },
  ];
}

function blockParameters(config: LlamaConfig, block: string): ParameterSpec[] {
  const { hiddenSize, intermediateSize, attentionHeads, keyValueHeads, headDimension, attentionBias, feedForwardBias } =
    config;
  const queries = attentionHeads * headDimension;
  const keys = keyValueHeads * headDimension;
  const linear = (
    module: string,
    outFeatures: number,
    inFeatures: number,
    bias: boolean,
    residualProjection = false,
  ): ParameterSpec[] => [
    { name: `${block}.${module}.weight`, shape: [outFeatures, inFeatures], role: "linear", residualProjection },
    ...(bias ? [{ name: `${block}.${module}.bias`, shape: [outFeatures], role: "bias" as ParameterRole }] : []),
  ];
  const norm = (module: string): ParameterSpec => ({
    name: `${block}.${module}.weight`,
    shape: [hiddenSize],
    role: "norm",
  });
  return [
    norm("input_layernorm"),
    ...linear("self_attn.q_proj", queries, hiddenSize, attentionBias),
    ...linear("self_attn.k_proj", keys, hiddenSize, attentionBias),
    ...linear("self_attn.v_proj", keys, hiddenSize, attentionBias),
    ...linear("self_attn.o_proj", hiddenSize, queries, attentionBias, true),
    norm("post_attention_layernorm"),
    ...linear("mlp.gate_proj", intermediateSize, hiddenSize, feedForwardBias),
    ...linear("mlp.up_proj", intermediateSize, hiddenSize, feedForwardBias),
    ...linear("mlp.down_proj", hiddenSize, intermediateSize, feedForwardBias, true),
  ];
}

/** Files of the Hub use the parameters' own names; old ones also hold frequencies, which are computed here. */
export const llamaNames: NameRules = {
  fromFile: (name) => (/^model\.(?:layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$/.test(name) ? undefined : name),
  toFile: (name) => name,
};

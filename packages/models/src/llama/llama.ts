// Llama-type models: pre-norm blocks of grouped-query attention with rotary positions and a gated feed-forward network.
//   x ← x + o(attention(rope(q(n)), rope(k(n)), v(n))),  n = rmsNorm(x);   x ← x + down(act(gate(n)) ⊙ up(n)),  n = rmsNorm(x)
// Touvron et al., arXiv 2302.13971 and 2307.09288. Covers Llama 1 to 3, SmolLM2, TinyLlama, and Mistral with its window.
import { mul, reshape, type Tensor } from "@attune/tensor-core";
import { activation } from "../layers/activation.ts";
import { attend } from "../layers/attend.ts";
import { embedding } from "../layers/embedding.ts";
import { head } from "../layers/head.ts";
import { inputEmbeddings } from "../layers/input-embeddings.ts";
import { keyValue } from "../layers/key-value.ts";
import { linear } from "../layers/linear.ts";
import { rmsNorm } from "../layers/rms-norm.ts";
import { rotary } from "../layers/rotary.ts";
import { subBlock } from "../layers/sub-block.ts";
import { wantedRows } from "../layers/wanted-rows.ts";
import type { ModelFamily } from "../model-family.ts";
import { ropeTables } from "../rope/rope-tables.ts";
import type { Scope } from "../scope.ts";
import { type LlamaConfig, parseLlamaConfig } from "./llama-config.ts";
import { llamaNames, llamaParameters } from "./llama-parameters.ts";

/** Llama-type models. */
export const llama: ModelFamily<LlamaConfig> = {
  kind: "model-family",
  specificationVersion: 1,
  id: "llama",
  architectures: ["LlamaForCausalLM", "MistralForCausalLM"],
  modelTypes: ["llama", "mistral"],
  parseConfig: parseLlamaConfig,
  parameters: llamaParameters,
  names: llamaNames,
  rotaryTables: (config, request) => ropeTables(config.rope, request),
  embed: (scope, { vocabularySize, hiddenSize }, ids) =>
    inputEmbeddings(
      scope.at("model"),
      embedding(scope.at("model.embed_tokens"), ids, { rows: vocabularySize, features: hiddenSize }),
    ),
  block(scope, config, index, x) {
    const block = scope.at(`model.layers.${index}`);
    const epsilon = config.normEpsilon;
    const attended = subBlock(block.at("self_attn"), rmsNorm(block.at("input_layernorm"), x, { epsilon }), x, (input) =>
      selfAttention(block.at("self_attn"), config, index, input),
    );
    const kept = index === config.blockCount - 1 ? wantedRows(block, attended) : attended;
    return subBlock(block.at("mlp"), rmsNorm(block.at("post_attention_layernorm"), kept, { epsilon }), kept, (input) =>
      feedForward(block.at("mlp"), config, input),
    );
  },
  finish: (scope, { normEpsilon }, x) => rmsNorm(scope.at("model.norm"), x, { epsilon: normEpsilon }),
  head: (scope, { vocabularySize, tiedEmbeddings }, x) =>
    head(scope.at("lm_head"), x, {
      vocabularySize,
      ...(tiedEmbeddings ? { tiedTo: "model.embed_tokens.weight" } : {}),
    }),
  defaults: {
    lora: { targets: ["q_proj", "v_proj"] },
    loha: { targets: ["q_proj", "v_proj"] },
    lokr: { targets: ["q_proj", "v_proj"] },
    vera: { targets: ["q_proj", "v_proj"] },
    adalora: { targets: ["q_proj", "v_proj"] },
    ia3: { targets: ["k_proj", "v_proj", "down_proj"], feedforward: ["down_proj"] },
    "ln-tuning": { targets: ["input_layernorm", "post_attention_layernorm", "norm"] },
  },
};

function selfAttention(scope: Scope, config: LlamaConfig, index: number, x: Tensor): Tensor {
  const { attentionHeads, keyValueHeads, headDimension, hiddenSize, attentionBias: bias, window } = config;
  const [rows, tokens] = x.shape as [number, number];
  const project = (name: string, heads: number): Tensor => {
    const flat = linear(scope.at(name), x, { outFeatures: heads * headDimension, bias });
    return reshape(flat, [rows, tokens, heads, headDimension]);
  };
  const q = project("q_proj", attentionHeads);
  const k = project("k_proj", keyValueHeads);
  const v = project("v_proj", keyValueHeads);
  const output = scope.enter(() => {
    const { key, value } = keyValue(scope, rotary(scope, k), v);
    const scale = 1 / Math.sqrt(headDimension);
    return attend({ index, q: rotary(scope, q), k: key, v: value, scale, window, context: scope.context! });
  });
  const flat = reshape(output, [rows, tokens, attentionHeads * headDimension]);
  return linear(scope.at("o_proj"), flat, { outFeatures: hiddenSize, bias });
}

function feedForward(scope: Scope, config: LlamaConfig, x: Tensor): Tensor {
  const { intermediateSize, hiddenSize, feedForwardBias: bias } = config;
  const gate = linear(scope.at("gate_proj"), x, { outFeatures: intermediateSize, bias });
  const up = linear(scope.at("up_proj"), x, { outFeatures: intermediateSize, bias });
  const active = activation(scope.at("act_fn"), gate, config.activation);
  const gated = scope.enter(() => mul(active, up));
  return linear(scope.at("down_proj"), gated, { outFeatures: hiddenSize, bias });
}

import { initialiseModel, type LlamaConfig, llama, type Model, writeParameter } from "@attune/models";
import { createStrictBackend } from "@attune/tensor-conformance";
import { createRuntime, type Runtime } from "@attune/tensor-core";

export const configJson = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 16,
  attention_bias: true,
  initializer_range: 0.3,
};

export const config: LlamaConfig = llama.parseConfig(configJson);

export async function tinyModel(overrides: object = {}): Promise<{ runtime: Runtime; model: Model }> {
  const runtime = createRuntime({ backend: createStrictBackend() });
  const model = await initialiseModel(runtime, { ...configJson, ...overrides }, { seed: 2, trainable: () => false });
  await writeParameter(
    runtime,
    model,
    "model.layers.0.self_attn.q_proj.bias",
    Float32Array.from({ length: 8 }, (_, index) => index / 8),
  );
  return { runtime, model };
}

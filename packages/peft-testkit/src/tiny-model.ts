import { initialiseModel, type Model, writeParameter } from "@attune/models";
import type { JsonObject } from "@attune/spec";
import { createRandomSequence, type Runtime } from "@attune/tensor-core";

/** A Llama of about 6,000 parameters with every kind of site, grouped heads and biases. */
export const tinyLlama: JsonObject = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 23,
  hidden_size: 16,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  attention_bias: true,
  mlp_bias: false,
  tie_word_embeddings: false,
};

/** Puts a tiny model with random values into a runtime, all of it frozen. Norms and biases are random too, so that mistakes show. */
export async function createTinyModel(runtime: Runtime, config: JsonObject = tinyLlama, seed = 1): Promise<Model> {
  const model = await initialiseModel(runtime, { ...config, initializer_range: 0.2 }, { seed, trainable: () => false });
  for (const { name, shape, role } of model.specs) {
    if (role !== "norm" && role !== "bias") continue;
    const random = createRandomSequence(seed, name);
    const centre = role === "norm" ? 1 : 0;
    const values = Float32Array.from({ length: shape[0]! }, () => centre + 0.2 * random.normal());
    await writeParameter(runtime, model, name, values);
  }
  return model;
}

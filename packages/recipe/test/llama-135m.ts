// A model of the sizes of SmolLM2-135M without its values: enough to plan with.
import { llama, type Model, type ParameterPlacement } from "@attune/models";
import type { JsonObject } from "@attune/spec";
import { tensorType } from "@attune/tensor-core";

const configJson: JsonObject = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
};

/** The model, with so many blocks. */
export function llama135m(blocks: number): Model {
  const json = { ...configJson, num_hidden_layers: blocks };
  const config = llama.parseConfig(json);
  const specs = llama.parameters(config);
  const table = (name: string): [string, ParameterPlacement] => [
    name,
    { kind: "weight", name, type: tensorType([8192, config.headDimension / 2]) },
  ];
  const placed = specs.map(({ name, shape, tiedTo }): [string, ParameterPlacement] => [
    name,
    { kind: "weight", name: tiedTo ?? name, type: tensorType(shape) },
  ]);
  return {
    family: llama,
    config,
    configJson: json,
    generationConfig: undefined,
    contextLength: 8192,
    specs,
    parameters: new Map([...placed, table("rope.cos"), table("rope.sin")]),
    trained: [],
  };
}

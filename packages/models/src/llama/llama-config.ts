import type { JsonObject } from "@attune/spec";
import { type ConfigReader, readConfig } from "../config-reader.ts";
import { type ActivationName, parseActivation } from "../layers/activation.ts";
import type { ModelConfig } from "../model-family.ts";
import { parseRopeConfig, type RopeConfig } from "../rope/rope-config.ts";

/** Configuration of a Llama-type model. */
export interface LlamaConfig extends ModelConfig {
  readonly intermediateSize: number;
  readonly activation: ActivationName;
  readonly normEpsilon: number;
  readonly attentionBias: boolean;
  readonly feedForwardBias: boolean;
  /** Positions that a query sees, itself included; 0 for all. */
  readonly window: number;
  readonly rope: RopeConfig;
}

/** Reads and checks a `config.json` of a Llama-type model, in the spelling of any Transformers release. */
export function parseLlamaConfig(json: JsonObject, file?: string): LlamaConfig {
  const config = readConfig(json, file);
  refuseWhatChangesNumbers(config);
  const hiddenSize = config.integer("hidden_size", 1);
  const attentionHeads = config.integer("num_attention_heads", 1);
  const windowed = config.text("model_type", "llama") === "mistral";
  const keyValueHeads = config.integer("num_key_value_heads", 1, windowed ? 8 : attentionHeads);
  const headDimension = headDimensionOf(config, hiddenSize, attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw config.error("num_key_value_heads", `a divisor of the ${attentionHeads} attention heads`);
  }
  const vocabularySize = config.integer("vocab_size", 1);
  const rope = parseRopeConfig(config, headDimension);
  return {
    vocabularySize,
    hiddenSize,
    blockCount: config.integer("num_hidden_layers", 1),
    trainedPositions: config.integer("max_position_embeddings", 1, 2048),
    extendsPositions: rope.type === "dynamic",
    stretchesBeyond: rope.type === "dynamic" || rope.type === "longrope" ? rope.trainedPositions : undefined,
    attentionHeads,
    keyValueHeads,
    headDimension,
    intermediateSize: config.integer("intermediate_size", 1),
    activation: parseActivation(config.text("hidden_act", "silu"), file),
    normEpsilon: config.number("rms_norm_eps", 0, 1e-6),
    attentionBias: config.boolean("attention_bias", false),
    feedForwardBias: config.boolean("mlp_bias", false),
    tiedEmbeddings: config.boolean("tie_word_embeddings", false),
    window: windowed ? windowOf(config) : 0,
    rope,
    initializerRange: config.number("initializer_range", 0, 0.02),
    bosId: tokenId(config, "bos_token_id", vocabularySize)[0],
    eosIds: tokenId(config, "eos_token_id", vocabularySize),
    padId: tokenId(config, "pad_token_id", vocabularySize)[0],
  };
}

/** Mistral's window: null for none, 4096 where it is not said. */
function windowOf(config: ConfigReader): number {
  return config.isNull("sliding_window") ? 0 : config.integer("sliding_window", 1, 4096);
}

function headDimensionOf(config: ConfigReader, hiddenSize: number, heads: number): number {
  const given = config.has("head_dim") ? config.integer("head_dim", 2) : hiddenSize / heads;
  if (!Number.isInteger(given))
    throw config.error("num_attention_heads", `a divisor of hidden_size ${hiddenSize}, or head_dim to be given`);
  if (given % 2 !== 0) throw config.error("head_dim", "even, because elements are rotated in pairs");
  return given;
}

/** Token ids of a field; -1 means none in configurations of some checkpoints. */
function tokenId(config: ConfigReader, key: string, vocabularySize: number): number[] {
  if (config.raw(key) === -1) return [];
  const ids = config.tokenIds(key);
  if (ids.some((id) => id >= vocabularySize)) throw config.error(key, `below vocab_size ${vocabularySize}`);
  return ids;
}

function refuseWhatChangesNumbers(config: ConfigReader): void {
  if (config.has("quantization_config")) {
    throw config.unsupported(
      "quantization_config",
      "the weights are quantised in a way that is not supported.",
      "Use the checkpoint of the same model with f32, bf16 or f16 weights.",
    );
  }
  if (config.text("model_type", "llama") === "mistral" && config.has("layer_types")) {
    throw config.unsupported(
      "layer_types",
      "layers with attention of their own kind each are not supported for this family.",
      "Transformers runs such a Mistral as a Ministral; use a checkpoint whose layers are all alike.",
    );
  }
  if (config.raw("rope_interleaved") === true) {
    throw config.unsupported(
      "rope_interleaved",
      "interleaved rotary pairs are not supported for this family.",
      "Convert the checkpoint to the half-split order.",
    );
  }
}

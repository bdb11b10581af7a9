import {
  booleanField,
  type FieldReader,
  integerField,
  type JsonObject,
  numberField,
  oneOrMoreField,
  readFields,
  textField,
} from "@attune/spec";
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

const count = integerField({ minimum: 1 });
const positive = numberField({ above: 0 });
const tokenIds = oneOrMoreField(integerField({ minimum: 0 }));

/** Reads and checks a `config.json` of a Llama-type model, in the spelling of any Transformers release. */
export function parseLlamaConfig(json: JsonObject, file?: string): LlamaConfig {
  const config = readFields(json, { file, what: "the configuration" });
  refuseWhatChangesNumbers(config);
  const hiddenSize = config.read("hidden_size", count);
  const attentionHeads = config.read("num_attention_heads", count);
  const windowed = config.read("model_type", textField, "llama") === "mistral";
  const keyValueHeads = config.read("num_key_value_heads", count, windowed ? 8 : attentionHeads);
  const headDimension = headDimensionOf(config, hiddenSize, attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw config.refusal("num_key_value_heads", `a divisor of the ${attentionHeads} attention heads`);
  }
  const vocabularySize = config.read("vocab_size", count);
  const rope = parseRopeConfig(config, headDimension);
  return {
    vocabularySize,
    hiddenSize,
    blockCount: config.read("num_hidden_layers", count),
    trainedPositions: config.read("max_position_embeddings", count, 2048),
    extendsPositions: rope.type === "dynamic",
    stretchesBeyond: rope.type === "dynamic" || rope.type === "longrope" ? rope.trainedPositions : undefined,
    attentionHeads,
    keyValueHeads,
    headDimension,
    intermediateSize: config.read("intermediate_size", count),
    activation: parseActivation(config.read("hidden_act", textField, "silu"), file),
    normEpsilon: config.read("rms_norm_eps", positive, 1e-6),
    attentionBias: config.read("attention_bias", booleanField, false),
    feedForwardBias: config.read("mlp_bias", booleanField, false),
    tiedEmbeddings: config.read("tie_word_embeddings", booleanField, false),
    window: windowed ? windowOf(config) : 0,
    rope,
    initializerRange: config.read("initializer_range", positive, 0.02),
    bosId: tokenId(config, "bos_token_id", vocabularySize)[0],
    eosIds: tokenId(config, "eos_token_id", vocabularySize),
    padId: tokenId(config, "pad_token_id", vocabularySize)[0],
  };
}

/** Mistral's window: null for none, 4096 where it is not said. */
function windowOf(config: FieldReader): number {
  return config.fields["sliding_window"] === null ? 0 : config.read("sliding_window", count, 4096);
}

function headDimensionOf(config: FieldReader, hiddenSize: number, heads: number): number {
  const given = config.has("head_dim") ? config.read("head_dim", integerField({ minimum: 2 })) : hiddenSize / heads;
  if (!Number.isInteger(given))
    throw config.refusal("num_attention_heads", `a divisor of hidden_size ${hiddenSize}, or head_dim to be given`);
  if (given % 2 !== 0) throw config.refusal("head_dim", "even, because elements are rotated in pairs");
  return given;
}

/** Token ids of a field; -1 means none in configurations of some checkpoints. */
function tokenId(config: FieldReader, key: string, vocabularySize: number): number[] {
  if (config.raw(key) === -1) return [];
  const ids = [config.optional(key, tokenIds) ?? []].flat();
  if (ids.some((id) => id >= vocabularySize)) throw config.refusal(key, `below vocab_size ${vocabularySize}`);
  return ids;
}

function refuseWhatChangesNumbers(config: FieldReader): void {
  if (config.has("quantization_config")) {
    throw config.unsupported(
      "quantization_config",
      "the weights are quantised in a way that is not supported.",
      "Use the checkpoint of the same model with f32, bf16 or f16 weights.",
    );
  }
  if (config.read("model_type", textField, "llama") === "mistral" && config.has("layer_types")) {
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

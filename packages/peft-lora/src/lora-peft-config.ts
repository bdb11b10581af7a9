import { type ModelSites, readTargetConfig, writeTargetConfig } from "@attune/peft-core";
import { booleanField, type FieldReader, type JsonObject } from "@attune/spec";
import { loraDefaults, loraId } from "./lora-layout.ts";
import { assertCompatible, type InitialWeights, type LoraOptions, loraFields } from "./lora-options.ts";

/** Keys of PEFT's LoraConfig (0.21) that stay at their defaults. */
export const fixedLoraKeys: JsonObject = {
  alora_invocation_tokens: null,
  arrow_config: null,
  corda_config: null,
  ensure_weight_tying: false,
  eva_config: null,
  fan_in_fan_out: false,
  kasa_config: null,
  layer_replication: null,
  loftq_config: {},
  lora_ga_config: null,
  megatron_config: null,
  megatron_core: "megatron.core",
  monteclora_config: null,
  qalora_group_size: 16,
  target_parameters: null,
  trainable_token_indices: null,
  use_bdlora: null,
  use_qalora: false,
  velora_config: null,
};

/** `init_lora_weights` of first values that are taken off the base, and follow from it again. */
const spectralInitial: readonly unknown[] = ["pissa", "olora"];

/** `init_lora_weights` of first values that leave the base as it is. */
const plainInitial = { default: true, random: false, gaussian: "gaussian", orthogonal: "orthogonal" } as const;

/** The method's keys of `adapter_config.json`. */
export function writeLoraConfig(options: LoraOptions, model: ModelSites): JsonObject {
  return {
    r: options.rank,
    lora_alpha: options.alpha,
    lora_dropout: options.dropout,
    bias: options.bias,
    use_rslora: options.rankStabilized,
    use_dora: options.dora,
    lora_bias: options.loraBias,
    init_lora_weights: plainInitial[options.initialWeights as keyof typeof plainInitial],
    rank_pattern: options.rankPattern,
    alpha_pattern: options.alphaPattern,
    ...writeTargetConfig({ id: loraId, defaults: loraDefaults }, options, model),
  };
}

/** How first values were made, which says nothing of trained ones; and a layout that PEFT drops for linear modules, the only ones here. */
const withoutEffect = ["corda_config", "eva_config", "loftq_config", "lora_ga_config", "fan_in_fan_out"];

/** Options of an `adapter_config.json`; what is absent has PEFT's default. */
export function readLoraConfig(config: FieldReader): LoraOptions {
  for (const key of withoutEffect) config.raw(key);
  const options: LoraOptions = {
    rank: config.read("r", loraFields.rank, 8),
    alpha: config.read("lora_alpha", loraFields.alpha, 8),
    dropout: config.read("lora_dropout", loraFields.dropout, 0),
    rankStabilized: config.read("use_rslora", booleanField, false),
    dora: config.read("use_dora", booleanField, false),
    bias: config.read("bias", loraFields.bias, "none"),
    loraBias: config.read("lora_bias", booleanField, false),
    rankPattern: config.read("rank_pattern", loraFields.rankPattern, {}),
    alphaPattern: config.read("alpha_pattern", loraFields.alphaPattern, {}),
    initialWeights: readInitialWeights(config),
    loraPlusRatio: 1,
    embeddingRatio: 1,
    ...readTargetConfig(config),
  };
  assertCompatible(options, config);
  return options;
}

function readInitialWeights(config: FieldReader): InitialWeights {
  const value = config.raw("init_lora_weights") ?? true;
  // EVA starts A from the data's directions and B from zero, over the base as it is; arXiv 2410.07170.
  if (value === "eva") return "default";
  if (spectralInitial.includes(value)) return value as InitialWeights;
  const found = Object.entries(plainInitial).find(([, written]) => written === value);
  if (found) return found[0] as InitialWeights;
  throw config.error(
    "init_lora_weights",
    `adapters that start from "${value}" are trained over a base that this changes, so their tensors mean nothing over the original one.`,
    "Convert the adapter to a plain LoRA in PEFT: save_pretrained(folder, path_initial_model_for_weight_conversion=...).",
  );
}

import { readTargetOptions, type TargetOptions } from "@attune/peft-core";
import {
  booleanField,
  choiceField,
  type FieldKind,
  type FieldReader,
  integerField,
  numberField,
  readFields,
  recordField,
  textField,
} from "@attune/spec";

/** How A and B start. All but "random" leave the model's outputs as they are. */
export type InitialWeights =
  | "default"
  | "random"
  | "gaussian"
  | "orthogonal"
  | "olora"
  | "pissa"
  | `pissa_niter_${number}`;

/** Options of a LoRA adapter, checked. */
export interface LoraOptions extends TargetOptions {
  /** Rank r of the update; more capacity and more memory. */
  readonly rank: number;
  /** The update is scaled by alpha / rank. */
  readonly alpha: number;
  /** Share of the adapter's inputs that a training step drops. */
  readonly dropout: number;
  /** Scales by alpha / sqrt(rank) instead, so that large ranks learn as fast as small ones; arXiv 2312.03732. */
  readonly rankStabilized: boolean;
  /** Trains a magnitude of each output beside the direction; arXiv 2402.09353. */
  readonly dora: boolean;
  /** Biases of the base that are trained too. */
  readonly bias: "none" | "all" | "lora_only";
  /** Gives B a bias. */
  readonly loraBias: boolean;
  /** Ranks of modules that differ: the first pattern that matches the end of a module's path decides. */
  readonly rankPattern: Readonly<Record<string, number>>;
  /** Alphas of modules that differ. */
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly initialWeights: InitialWeights;
  /** LoRA+ (arXiv 2402.12354): B learns this many times faster than A. */
  readonly loraPlusRatio: number;
  /** Learning rate of embedding adapters over that of A. */
  readonly embeddingRatio: number;
}

/** Spellings of PEFT and what they are called here. */
const aliases: Readonly<Record<string, string>> = {
  r: "rank",
  lora_alpha: "alpha",
  lora_dropout: "dropout",
  use_rslora: "rankStabilized",
  rslora: "rankStabilized",
  use_dora: "dora",
  lora_bias: "loraBias",
  init_lora_weights: "initialWeights",
  target_modules: "targetModules",
  targets: "targetModules",
  exclude_modules: "excludeModules",
  modules_to_save: "modulesToSave",
  layers_to_transform: "layersToTransform",
  layers_pattern: "layersPattern",
  rank_pattern: "rankPattern",
  alpha_pattern: "alphaPattern",
  loraplus_lr_ratio: "loraPlusRatio",
};

/** What each option may be, in recipes and in files alike. */
export const loraFields: {
  readonly rank: FieldKind<number>;
  readonly alpha: FieldKind<number>;
  readonly dropout: FieldKind<number>;
  readonly bias: FieldKind<LoraOptions["bias"]>;
  readonly rankPattern: FieldKind<LoraOptions["rankPattern"]>;
  readonly alphaPattern: FieldKind<LoraOptions["alphaPattern"]>;
} = {
  rank: integerField({ minimum: 1 }),
  alpha: numberField({ above: 0 }),
  dropout: numberField({ minimum: 0, below: 1 }),
  bias: choiceField(["none", "all", "lora_only"]),
  rankPattern: recordField(integerField({ minimum: 1 })),
  alphaPattern: recordField(numberField({ above: 0 })),
};

/** Checks options of a recipe or a program. Rank 32 and alpha of twice the rank (as much, if rank-stabilised) work untuned. */
export function parseLoraOptions(options: unknown): LoraOptions {
  const reader = readFields(options, { what: "the method lora" });
  const rank = reader.read("rank", loraFields.rank, 32);
  const rankStabilized = reader.read("rankStabilized", booleanField, false);
  const loraPlusRatio = reader.read("loraPlusRatio", numberField({ minimum: 1 }), 1);
  const parsed: LoraOptions = {
    rank,
    alpha: reader.read("alpha", loraFields.alpha, rankStabilized ? rank : 2 * rank),
    dropout: reader.read("dropout", loraFields.dropout, 0),
    rankStabilized,
    dora: reader.read("dora", booleanField, false),
    bias: reader.read("bias", loraFields.bias, "none"),
    loraBias: reader.read("loraBias", booleanField, false),
    rankPattern: reader.read("rankPattern", loraFields.rankPattern, {}),
    alphaPattern: reader.read("alphaPattern", loraFields.alphaPattern, {}),
    initialWeights: parseInitialWeights(reader, reader.read("initialWeights", textField, "default"), "initialWeights"),
    loraPlusRatio,
    embeddingRatio: reader.read("embeddingRatio", numberField({ above: 0 }), loraPlusRatio > 1 ? 0.01 : 1),
    ...readTargetOptions(reader),
  };
  reader.finish(aliases);
  assertCompatible(parsed, reader);
  return parsed;
}

const plain: readonly InitialWeights[] = ["default", "random", "gaussian", "orthogonal", "olora", "pissa"];

function parseInitialWeights(reader: FieldReader, text: string, key: string): InitialWeights {
  if ((plain as readonly string[]).includes(text) || /^pissa_niter_[1-9]\d?$/.test(text)) return text as InitialWeights;
  throw reader.error(
    key,
    `expected "${key}" to be one of ${plain.join(", ")} or pissa_niter_<iterations>, got "${text}".`,
  );
}

/** Refuses pairs whose meaning is not defined. */
export function assertCompatible(options: LoraOptions, reader: FieldReader): void {
  const { dora, loraBias, initialWeights } = options;
  if (dora && loraBias) throw reader.error("loraBias", "a bias of B is not defined together with dora.");
  if (isSpectral(options) && (dora || loraBias)) {
    throw reader.error(
      "initialWeights",
      `"${initialWeights}" is not defined together with ${dora ? "dora" : "loraBias"}.`,
    );
  }
  const ranks = [options.rank, ...Object.values(options.rankPattern)];
  if (initialWeights === "orthogonal" && ranks.some((rank) => rank % 2 !== 0)) {
    throw reader.error("initialWeights", "orthogonal first values need even ranks.");
  }
}

/** True if A and B start as a part of the weight itself, which is then taken off again. */
export function isSpectral({ initialWeights }: Pick<LoraOptions, "initialWeights">): boolean {
  return initialWeights === "olora" || initialWeights.startsWith("pissa");
}

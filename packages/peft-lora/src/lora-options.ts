import { type OptionReader, readOptions, readTargetOptions, type TargetOptions } from "@attune/peft-core";

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

/** Checks options of a recipe or a program. Rank 32 and alpha of twice the rank (as much, if rank-stabilised) work untuned. */
export function parseLoraOptions(options: unknown): LoraOptions {
  const reader = readOptions(options, { what: "the method lora" });
  const rank = reader.integer("rank", { minimum: 1 }, 32);
  const rankStabilized = reader.boolean("rankStabilized", false);
  const loraPlusRatio = reader.number("loraPlusRatio", { minimum: 1 }, 1);
  const parsed: LoraOptions = {
    rank,
    alpha: reader.number("alpha", { above: 0 }, rankStabilized ? rank : 2 * rank),
    dropout: reader.number("dropout", { minimum: 0, below: 1 }, 0),
    rankStabilized,
    dora: reader.boolean("dora", false),
    bias: reader.choice("bias", ["none", "all", "lora_only"], "none"),
    loraBias: reader.boolean("loraBias", false),
    rankPattern: wholeNumbers(reader, "rankPattern"),
    alphaPattern: reader.numbers("alphaPattern", { above: 0 }),
    initialWeights: parseInitialWeights(reader, reader.text("initialWeights", "default"), "initialWeights"),
    loraPlusRatio,
    embeddingRatio: reader.number("embeddingRatio", { above: 0 }, loraPlusRatio > 1 ? 0.01 : 1),
    ...readTargetOptions(reader),
  };
  reader.finish(aliases);
  assertCompatible(parsed, reader);
  return parsed;
}

/** Ranks by pattern. */
export function wholeNumbers(reader: OptionReader, key: string): Readonly<Record<string, number>> {
  const found = reader.numbers(key, { minimum: 1 });
  if (!Object.values(found).every(Number.isInteger))
    throw reader.error(key, `expected the ranks of "${key}" to be whole numbers.`);
  return found;
}

const plain: readonly InitialWeights[] = ["default", "random", "gaussian", "orthogonal", "olora", "pissa"];

function parseInitialWeights(reader: OptionReader, text: string, key: string): InitialWeights {
  if ((plain as readonly string[]).includes(text) || /^pissa_niter_[1-9]\d?$/.test(text)) return text as InitialWeights;
  throw reader.error(
    key,
    `expected "${key}" to be one of ${plain.join(", ")} or pissa_niter_<iterations>, got "${text}".`,
  );
}

/** Refuses pairs whose meaning is not defined. */
export function assertCompatible(options: LoraOptions, reader: OptionReader): void {
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

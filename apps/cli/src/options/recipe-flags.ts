// The values of a recipe that have flags of their own, because people change them often.
import { integerFrom, numberIn, oneOf, words } from "./option-parsers.ts";
import type { RecipeFlag } from "./recipe-options.ts";

const modelFlags: readonly RecipeFlag[] = [
  { flags: "--model <model>", path: "model", description: "a Hugging Face folder, or a name such as attune:tiny" },
  {
    flags: "--storage <format>",
    path: "storage",
    description: "how frozen matrices are kept: as-is, f32, bf16 or f16",
    parse: oneOf("as-is", "f32", "bf16", "f16"),
  },
];

const adapterFlag: RecipeFlag = {
  flags: "--adapter <folder>",
  path: "adapter",
  description: "a PEFT adapter folder",
};

const methodFlags: readonly RecipeFlag[] = [
  {
    flags: "--method <id>",
    path: "method.id",
    description: "lora, full (in place of the recipe's method, options and merge), or a method of a plugin",
    replaces: (value) => (value === "full" ? { "method.options": {}, merge: null } : {}),
  },
  {
    flags: "--rank <number>",
    path: "method.options.rank",
    description: "rank of LoRA's matrices",
    parse: integerFrom(1),
  },
];

const trainingFlags: readonly RecipeFlag[] = [
  {
    flags: "--steps <number>",
    path: "training.steps",
    description: "optimizer steps, in place of the recipe's epochs",
    replaces: () => ({ "training.epochs": null }),
    parse: integerFrom(1),
  },
  {
    flags: "--epochs <number>",
    path: "training.epochs",
    description: "passes over the rows, in place of the recipe's steps",
    replaces: () => ({ "training.steps": null }),
    parse: numberIn({ above: 0 }),
  },
  {
    flags: "--learning-rate <number>",
    path: "training.learningRate",
    description: "at its peak",
    parse: numberIn({ above: 0 }),
  },
  {
    flags: "--rows <number>",
    path: "training.rows",
    description: "packed rows of one micro-batch",
    parse: integerFrom(1),
  },
  {
    flags: "--block-length <number>",
    path: "training.blockLength",
    description: "tokens of one packed row",
    parse: integerFrom(2),
  },
  {
    flags: "--accumulation <number>",
    path: "training.accumulation",
    description: "micro-batches of one step",
    parse: integerFrom(1),
  },
];

const longRowsFlag: RecipeFlag = {
  flags: "--long-rows <what>",
  path: "training.longRows",
  description: "rows longer than a packed one: error, drop or cut",
  parse: oneOf("error", "drop", "cut"),
};

/** Flags of `run` and `train`. */
export const trainFlags: readonly RecipeFlag[] = [...modelFlags, ...methodFlags, ...trainingFlags, longRowsFlag];

/** Flags of `plan`. */
export const planFlags: readonly RecipeFlag[] = [
  ...trainFlags,
  { flags: "--output <folder>", path: "output", description: "folder for prepared data (default: nothing is kept)" },
];

/** Flags of `pretrain`. */
export const pretrainFlags: readonly RecipeFlag[] = [
  {
    flags: "--tokenizer <path>",
    path: "tokenizer",
    description: "a folder or a tokenizer.json (default: one is trained where the recipe says so)",
  },
  ...trainingFlags,
];

/** Flags of `eval`. */
export const evalFlags: readonly RecipeFlag[] = [
  ...modelFlags,
  adapterFlag,
  {
    flags: "--task <task>",
    path: "evaluation.task",
    description: "classification, generation or perplexity",
    parse: oneOf("classification", "generation", "perplexity"),
  },
  {
    flags: "--part <part>",
    path: "evaluation.part",
    description: "train, validation or test (default: test)",
    parse: oneOf("train", "validation", "test"),
  },
  longRowsFlag,
  { flags: "--labels <names>", path: "evaluation.labels", description: "labels, separated by commas", parse: words },
  {
    flags: "--shots <number>",
    path: "evaluation.shots",
    description: "answered examples in front of each prompt",
    parse: integerFrom(0),
  },
  {
    flags: "--output <folder>",
    path: "output",
    description: "folder for predictions and data (default: nothing is kept)",
  },
];

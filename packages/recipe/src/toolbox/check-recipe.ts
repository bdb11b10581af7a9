// Everything about a configuration that can be known before any work: pairs that do not go together, and the options of stages,
// sources, methods and optimizers.
import { openSource } from "@attune/data-core";
import { createPromptTemplate } from "@attune/eval-bench";
import { AttuneError, type JsonValue, nearestName, toAttuneError } from "@attune/spec";
import { located } from "../config/config-error.ts";
import { formatOrigin } from "../config/config-origin.ts";
import { valueAt } from "../config/config-path.ts";
import { checkGateNames } from "../config/gate-names.ts";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import { dataSteps } from "./data-steps.ts";
import { checkProducts, memoryOfDevice, resolveDevice } from "./open-device.ts";
import { createOptimizer, type Toolbox } from "./toolbox.ts";

/** What a configuration is used for. */
export type RecipeUse = "pretrain" | "train" | "evaluate" | "run";

interface Incompatibility {
  readonly keys: readonly [string, string];
  readonly because: string;
  readonly holds: (config: RecipeConfig, use: RecipeUse) => boolean;
}

/** Pairs of keys that do not go together. */
const incompatibilities: readonly Incompatibility[] = [
  {
    keys: ["training.steps", "training.epochs"],
    because: "give one of them: how many steps, or how many passes over the rows",
    holds: ({ training }, use) => use !== "evaluate" && (training.steps === null) === (training.epochs === null),
  },
  {
    keys: ["model", "architecture"],
    because: "give one of them: a model that is there, or one made from scratch",
    holds: ({ model, architecture }) => (model === null) === (architecture === null),
  },
  {
    keys: ["architecture.hiddenSize", "architecture.heads"],
    because: "heads of one size share the hidden size out, or headSize says another",
    holds: ({ architecture }) =>
      architecture !== null && architecture.headSize === null && architecture.hiddenSize % architecture.heads !== 0,
  },
  {
    keys: ["architecture", "method.id"],
    because: "a model is made from scratch by pretraining, which trains every parameter",
    holds: ({ architecture }, use) => use !== "pretrain" && architecture !== null,
  },
  {
    keys: ["tokenizer", "tokenizerTraining"],
    because: "give one of them: a tokenizer that is there, or one that is trained",
    holds: ({ tokenizer, tokenizerTraining, architecture }, use) =>
      use === "pretrain" && architecture !== null
        ? (tokenizer === null) === (tokenizerTraining === null)
        : tokenizerTraining !== null && use !== "pretrain",
  },
  {
    keys: ["model", "tokenizerTraining"],
    because: "a model that is there goes on with the tokenizer that it has",
    holds: ({ model, tokenizerTraining }, use) => use === "pretrain" && model !== null && tokenizerTraining !== null,
  },
  {
    keys: ["training.patience", "training.evaluateEvery"],
    because: "patience counts looks at the validation loss, and there are none",
    holds: ({ training }) => training.patience !== null && training.evaluateEvery === null,
  },
  {
    keys: ["training.keep", "training.evaluateEvery"],
    because: "the best parameters are known only by looks at the validation loss",
    holds: ({ training }) => training.keep === "best" && training.evaluateEvery === null,
  },
  {
    keys: ["training.replay.generate", "training.replay.source"],
    because: "give one of them: rows that the base writes, or rows of a source",
    holds: ({ training: { replay } }) => replay !== null && (replay.generate === null) === (replay.source === null),
  },
  {
    keys: ["training.replay", "training.replay.share"],
    because: "a share of 1 leaves nothing of the task",
    holds: ({ training: { replay } }) => replay !== null && replay.share >= 1,
  },
  {
    keys: ["training.replay", "architecture"],
    because: "there is no base model to keep",
    holds: ({ training }, use) => use === "pretrain" && training.replay !== null,
  },
  {
    keys: ["merge", "method.id"],
    because: "a fully trained model has no adapter to merge",
    holds: ({ merge, method }) => merge !== null && method.id === "full",
  },
  {
    keys: ["method.options", "method.id"],
    because: "training every parameter has no options",
    holds: ({ method }) => method.id === "full" && Object.keys(method.options).length > 0,
  },
  {
    keys: ["template.maxPieces", "template.maxTokens"],
    because: "a text that is never cut has one piece",
    holds: ({ template }) => template.maxPieces > 1 && template.maxTokens === null,
  },
  {
    keys: ["template.maxPieces", "evaluation.task"],
    because: "only what is said of a text, its label, is said of each of its pieces",
    holds: ({ template, evaluation }) =>
      template.maxPieces > 1 && evaluation !== null && evaluation.task !== "classification",
  },
  {
    keys: ["template.maxTokens", "training.blockLength"],
    because: "a prompt of maxTokens leaves no room in a row for its completion",
    holds: ({ template, training }, use) =>
      use !== "evaluate" && template.maxTokens !== null && template.maxTokens + 2 > training.blockLength,
  },
  {
    keys: ["training.blockLength", "architecture.contextLength"],
    because: "a row longer than the context cannot be looked at",
    holds: ({ training, architecture }) => architecture !== null && training.blockLength > architecture.contextLength,
  },
  {
    keys: ["evaluation.calibration", "evaluation.task"],
    because: "only choices between labels are calibrated",
    holds: ({ evaluation }) =>
      evaluation !== null && evaluation.calibration !== "none" && evaluation.task !== "classification",
  },
  {
    keys: ["evaluation.shots", "evaluation.task"],
    because: "examples are shown in front of classification prompts only",
    holds: ({ evaluation }) => evaluation !== null && evaluation.shots > 0 && evaluation.task !== "classification",
  },
  {
    keys: ["evaluation.slots", "evaluation.task"],
    because: "slots are looked for in generated text",
    holds: ({ evaluation }) => evaluation !== null && evaluation.slots !== "none" && evaluation.task !== "generation",
  },
  {
    keys: ["evaluation.positive", "evaluation.labels"],
    because: "it is none of the labels",
    holds: ({ evaluation }) =>
      evaluation?.positive != null && evaluation.labels !== null && !evaluation.labels.includes(evaluation.positive),
  },
  {
    keys: ["template.completions", "evaluation.labels"],
    because: "every label needs words, and no other may have any",
    holds: ({ template, evaluation }) =>
      template.completions !== null &&
      evaluation?.labels != null &&
      [...Object.keys(template.completions)].sort().join("\n") !== [...evaluation.labels].sort().join("\n"),
  },
];

/**
 * Checks a configuration before any work.
 *
 * @throws AttuneError `CONFIG_INCOMPATIBLE` listing every pair that does not go together; `CONFIG_UNKNOWN_KEY`, `OPTIONS_INVALID`
 * or `ID_UNKNOWN` for options of parts; `DEVICE_UNAVAILABLE`. Each says where the value was written.
 */
export function checkRecipe(recipe: ResolvedRecipe, toolbox: Toolbox, use: RecipeUse = "run"): void {
  const { config } = recipe;
  const found = incompatibilities.filter(({ holds }) => holds(config, use));
  if (found.length > 0) throw incompatible(recipe, found);
  const check = (path: readonly string[], action: () => unknown): void => {
    try {
      action();
    } catch (error) {
      throw placed(recipe, path, toAttuneError(error));
    }
  };
  check(["device"], () => resolveDevice(toolbox, config.device));
  check(["products"], () => checkProducts(toolbox, config));
  check(["memory"], () => memoryOfDevice(toolbox, config));
  check(["data", "stages"], () => {
    for (const { stage, options } of dataSteps(config.data, toolbox))
      check(["data", "stages", stage.id], () => stage.parse(options));
  });
  for (const { path, source } of sourcesOf(config)) {
    check(path, () =>
      openSource(source, { baseDirectory: recipe.baseDirectory, resolvePackage: toolbox.resolvePackage }),
    );
  }
  check(["training", "optimizer", "options"], () => createOptimizer(toolbox, config));
  const { evaluation } = config;
  if (evaluation !== null) check(["evaluation", "gate"], () => checkGateNames(evaluation));
  check(["template", "prompt"], () => createPromptTemplate(config.template.prompt));
  if (config.method.id !== "full" && use !== "pretrain") {
    check(["method", "id"], () => methodOf(toolbox, config.method.id));
    check(["method", "options"], () => toolbox.methods.get(config.method.id).parse(config.method.options));
  }
}

function methodOf(toolbox: Toolbox, id: string): void {
  if (toolbox.methods.has(id)) return;
  const known = ["full", ...toolbox.methods.list().map((method) => method.id)];
  throw new AttuneError("ID_UNKNOWN", `There is no method "${id}".`, { hint: `Use one of: ${known.join(", ")}.` });
}

function sourcesOf({ data, training, evaluation }: RecipeConfig): { path: string[]; source: unknown }[] {
  const own = Array.isArray(data.source)
    ? data.source.map((source: unknown, index) => ({ path: ["data", "source", String(index)], source }))
    : data.source === null
      ? []
      : [{ path: ["data", "source"], source: data.source as unknown }];
  const replay = training.replay?.source;
  const general = evaluation?.general?.source;
  return [
    ...own,
    ...(replay == null ? [] : [{ path: ["training", "replay", "source"], source: replay }]),
    ...(general == null ? [] : [{ path: ["evaluation", "general", "source"], source: general }]),
  ];
}

function incompatible(recipe: ResolvedRecipe, found: readonly Incompatibility[]): AttuneError {
  const sentences = found.map(({ keys: [first, second], because }) => {
    if (isMissing(recipe, [first, second])) return `neither ${first} nor ${second} is given: ${because}`;
    const places = [first, second]
      .map((key) => recipe.originOf(key.split(".")))
      .filter(({ kind }) => kind !== "default");
    const where = places.length === 0 ? "" : ` (${places.map(formatOrigin).join(" and ")})`;
    return `${first} does not go with ${second}: ${because}${where}`;
  });
  const hints = [
    found.some(({ keys }) => isMissing(recipe, keys)) && "Give one of the keys that are missing.",
    found.some(({ keys }) => !isMissing(recipe, keys)) && "Change or remove one of the two keys of each pair.",
  ];
  return new AttuneError("CONFIG_INCOMPATIBLE", `${sentences.join("; ")}.`, {
    hint: hints.filter(Boolean).join(" "),
    details: { key: found[0]!.keys[0], pairs: found.map(({ keys }) => keys) },
  });
}

/** Whether none of the keys has a value. */
function isMissing({ config }: ResolvedRecipe, keys: readonly string[]): boolean {
  return keys.every((key) => valueAt(config as unknown as JsonValue, key.split(".")) === null);
}

/** The error of a part, with the place of its key in front, and the id that was probably meant. */
function placed(recipe: ResolvedRecipe, path: readonly string[], error: AttuneError): AttuneError {
  const { code, message, details } = error;
  if (details?.["placed"] === true) return error;
  const key = details?.key;
  const full = typeof key === "string" && key !== path.at(-1) ? [...path, key] : path;
  const inner = recipe.originOf(full, code === "CONFIG_UNKNOWN_KEY" ? "key" : "value");
  const origin = inner.kind === "default" ? recipe.originOf(path) : inner;
  const known = code === "ID_UNKNOWN" ? details?.["known"] : undefined;
  const near = Array.isArray(known) && key !== undefined ? nearestName(key, known as string[]) : undefined;
  const hint = near === undefined ? error.hint : `Did you mean "${near}"?`;
  const described = located("OPTIONS_INVALID", full, message, hint, origin, error);
  return new AttuneError(code, described.message, {
    hint,
    cause: error,
    details: { ...described.details, placed: true },
  });
}

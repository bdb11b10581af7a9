import type { SiteDescription } from "@attune/models";
import {
  type AdaptedSite,
  type AdapterLayout,
  assertPatternsAgree,
  defaultTargets,
  type ModelSites,
  matchSavedModules,
  matchTargets,
  moduleExpression,
  type ParameterDeclarations,
  siteKey,
} from "@attune/peft-core";
import { AttuneError } from "@attune/spec";
import { initialOf, magnitudes } from "./initial-weights.ts";
import { isSpectral, type LoraOptions } from "./lora-options.ts";
import { rankOf } from "./lora-scaling.ts";

/** Id, tensor names and groups of the method. */
export const loraId = "lora";
export const loraGroups = { factorB: "B", embedding: "embedding", vectors: "vectors" } as const;
const loraKinds = ["linear", "head", "embedding"] as const;

/** Where LoRA has tensors: at its targets, at trained biases, and at modules that are saved whole. */
export function loraLayout(options: LoraOptions, model: ModelSites): AdapterLayout {
  const targetModules = options.targetModules ?? defaultTargets({ id: loraId, defaults: loraDefaults }, model.family);
  const targets = matchTargets(model, { ...options, targetModules }, { method: loraId, kinds: loraKinds });
  const modules = targets.map(({ name }) => name);
  assertPatternsAgree("rankPattern", options.rankPattern, modules);
  assertPatternsAgree("alphaPattern", options.alphaPattern, modules);
  const repeated = repeatsBase(targetModules, model);
  const adapted = targets.map(
    (site): AdaptedSite => ({
      site,
      parameters: { ...factors(options, site), ...trainedBias(options, site, "base_layer.bias") },
      ...(repeated && site.kind !== "linear" ? { storedBase: { "base_layer.weight": "weight" } } : {}),
    }),
  );
  return { sites: [...adapted, ...wholeModules(options, model, new Set(targets.map(siteKey)))] };
}

/** Settings that work untuned: LoRA without regret for small data, peft's MetaMathQA comparison. */
export const loraDefaults = { learningRate: 1e-4, weightDecay: 0 } as const;

function factors(options: LoraOptions, site: SiteDescription): ParameterDeclarations {
  const rank = rankOf(options, site.name);
  const { inFeatures, outFeatures } = site;
  const { factorB, embedding, vectors } = groupNames(options);
  if (site.kind === "embedding") {
    assertPlainEmbedding(options, site);
    return {
      lora_embedding_A: { shape: [rank, inFeatures], initial: initialOf(options, site, "embeddingA"), ...embedding },
      lora_embedding_B: { shape: [outFeatures, rank], initial: initialOf(options, site, "embeddingB"), ...embedding },
    };
  }
  const shapes = { A: [rank, inFeatures], B: [outFeatures, rank] } as const;
  return {
    "lora_A.weight": { shape: shapes.A, initial: initialOf(options, site, "A") },
    "lora_B.weight": { shape: shapes.B, initial: initialOf(options, site, "B"), ...factorB },
    ...(options.loraBias
      ? { "lora_B.bias": { shape: [outFeatures], initial: initialOf(options, site, "bias"), ...vectors } }
      : {}),
    ...(options.dora
      ? { lora_magnitude_vector: { shape: [outFeatures], initial: magnitudes(options, site), ...vectors } }
      : {}),
    ...(isSpectral(options)
      ? {
          initial_A: { shape: shapes.A, role: "frozen", key: null },
          initial_B: { shape: shapes.B, role: "frozen", key: null },
        }
      : {}),
  };
}

/** Groups exist only where something in them differs from the default. */
function groupNames({
  loraPlusRatio,
  embeddingRatio,
}: LoraOptions): Record<"factorB" | "embedding" | "vectors", { readonly group?: string }> {
  return {
    factorB: loraPlusRatio === 1 ? {} : { group: loraGroups.factorB },
    embedding: embeddingRatio === 1 ? {} : { group: loraGroups.embedding },
    vectors: { group: loraGroups.vectors },
  };
}

function assertPlainEmbedding(options: LoraOptions, { name }: SiteDescription): void {
  const unfit = options.dora
    ? "dora"
    : options.loraBias
      ? "loraBias"
      : isSpectral(options) || options.initialWeights === "orthogonal"
        ? `initialWeights "${options.initialWeights}"`
        : undefined;
  if (unfit === undefined) return;
  throw new AttuneError("CONFIG_INCOMPATIBLE", `Embedding "${name}" cannot be adapted with ${unfit}.`, {
    hint: "Leave it out with excludeModules, or drop that option.",
    details: { key: unfit.split(" ")[0]! },
  });
}

function trainedBias({ bias }: LoraOptions, { parameters }: SiteDescription, local: string): ParameterDeclarations {
  const own = parameters["bias"];
  if (bias === "none" || own === undefined) return {};
  return { [local]: { shape: own.shape, replaces: "bias", group: loraGroups.vectors } };
}

/** Sites that are not adapted: saved whole, or with a trained bias. */
function wholeModules(options: LoraOptions, model: ModelSites, adapted: ReadonlySet<string>): AdaptedSite[] {
  const saved = new Set(matchSavedModules(model, options.modulesToSave ?? []).map(siteKey));
  return model.sites
    .filter((site) => !adapted.has(siteKey(site)))
    .map((site): AdaptedSite => {
      const whole = Object.entries(site.parameters).map(([local, { shape }]) => [
        local,
        { shape, replaces: local, ...(shape.length === 1 ? { group: loraGroups.vectors } : {}) },
      ]);
      if (saved.has(siteKey(site))) return { site, parameters: Object.fromEntries(whole) };
      return { site, parameters: options.bias === "all" ? trainedBias(options, site, "bias") : {} };
    })
    .filter(({ parameters }) => Object.keys(parameters).length > 0);
}

const embeddingNames = ["embed_tokens", "lm_head"];

/** PEFT repeats the base table of targeted embeddings and heads, if they are named by their last name or by an expression. */
function repeatsBase(targets: string | readonly string[], { sites }: ModelSites): boolean {
  if (typeof targets !== "string") return embeddingNames.some((name) => targets.includes(name));
  if (targets.toLowerCase() === "all-linear") return false;
  const expression = moduleExpression(targets);
  return sites.some(({ name }) => embeddingNames.includes(name.split(".").at(-1)!) && expression.test(name));
}

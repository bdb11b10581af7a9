// W + s·B·A; a table gets s·(B·A)ᵀ; with DoRA m/n ⊙ (W + s·B·A), n taken before any adapter was merged.
import type { MergeResult, SiteMerge } from "@attune/peft-core";
import { add, div, matmul, mul, reshape, sub, type Tensor } from "@attune/tensor-core";
import { loraDelta, rowNorms } from "./lora-forward.ts";
import type { LoraOptions } from "./lora-options.ts";
import { scalingOf } from "./lora-scaling.ts";

/** Weight, and bias where B has one, with the adapter in them. */
export function mergeLora(given: SiteMerge<LoraOptions>): MergeResult {
  const { options, parameters, base, original } = given;
  const delta = weightDelta(given);
  const merged = add(base["weight"]!, delta);
  if (options.dora) {
    const factor = div(parameters["lora_magnitude_vector"]!, rowNorms(add(original["weight"]!, delta)));
    return { parameters: { weight: mul(merged, reshape(factor, [factor.shape[0]!, 1])) } };
  }
  return withBias(given, merged, add);
}

/** Weight and bias without the adapter, up to rounding. */
export function unmergeLora(given: SiteMerge<LoraOptions>): MergeResult {
  if (given.options.dora) return { refused: "the norms that DoRA divided by cannot be told from the merged weight" };
  return withBias(given, sub(given.base["weight"]!, weightDelta(given)), sub);
}

function weightDelta({ options, site, parameters }: SiteMerge<LoraOptions>): Tensor {
  const scaling = scalingOf(options, site.name);
  if (site.kind === "embedding") {
    const { lora_embedding_A: A, lora_embedding_B: B } = parameters;
    return mul(matmul(A!, B!, { transposeA: true, transposeB: true }), scaling);
  }
  const delta = loraDelta(parameters, scaling);
  const { initial_A: A, initial_B: B } = parameters;
  return A === undefined ? delta : sub(delta, mul(matmul(B!, A), scaling));
}

function withBias(
  { options, site, parameters, base }: SiteMerge<LoraOptions>,
  weight: Tensor,
  combine: typeof add,
): MergeResult {
  const extra = parameters["lora_B.bias"];
  if (extra === undefined) return { parameters: { weight } };
  const bias = base["bias"];
  if (bias === undefined) return { refused: "B has a bias and the module has none to take it" };
  return { parameters: { weight, bias: combine(bias, mul(extra, scalingOf(options, site.name))) } };
}

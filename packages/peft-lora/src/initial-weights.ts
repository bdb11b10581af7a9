// First values, as PEFT draws them (lora/layer.py, reset_lora_parameters): A uniform within ±1/sqrt(fan in), which is
// kaiming_uniform with a = sqrt(5), B zero; "gaussian" draws A from N(0, 1/r²); tables start the other way round, A zero and B
// from N(0, 1). "orthogonal" gives A and B the odd and even rows of one orthogonal matrix, so that B·A is zero.
import type { SiteDescription } from "@attune/models";
import type { InitialContext, ParameterDeclaration } from "@attune/peft-core";
import type { RandomSequence } from "@attune/tensor-core";
import { matrixProduct, qr } from "./linear-algebra.ts";
import type { LoraOptions } from "./lora-options.ts";
import { rankOf, scalingOf } from "./lora-scaling.ts";

/** Which tensor of a site is initialised. */
export type FactorName = "A" | "B" | "bias" | "embeddingA" | "embeddingB";

/** First values of one tensor; undefined for zeros. Spectral ones are made for the whole adapter at once. */
export function initialOf(
  options: LoraOptions,
  site: SiteDescription,
  factor: FactorName,
): ParameterDeclaration["initial"] {
  const rank = rankOf(options, site.name);
  const { inFeatures, outFeatures } = site;
  const { initialWeights } = options;
  const random = initialWeights === "random";
  switch (factor) {
    case "A":
      if (initialWeights === "gaussian") return (context) => normal(context.random, rank * inFeatures, 1 / rank);
      return (context) => uniform(context.random, rank * inFeatures, 1 / Math.sqrt(inFeatures));
    case "B":
      return random ? (context) => uniform(context.random, outFeatures * rank, 1 / Math.sqrt(rank)) : undefined;
    case "bias":
      return random ? (context) => uniform(context.random, outFeatures, 1 / Math.sqrt(rank)) : undefined;
    case "embeddingA":
      return random ? (context) => normal(context.random, rank * inFeatures, 1) : undefined;
    case "embeddingB":
      return (context) => normal(context.random, outFeatures * rank, 1);
  }
}

/** DoRA's magnitudes: the norm of each row of W + s·B·A; arXiv 2402.09353, equation 5. */
export function magnitudes(options: LoraOptions, site: SiteDescription): ParameterDeclaration["initial"] {
  const { inFeatures, outFeatures, name } = site;
  const rank = rankOf(options, name);
  return async ({ base, earlier }: InitialContext) => {
    const weight = await base("weight");
    const delta = matrixProduct(earlier["lora_B.weight"]!, earlier["lora_A.weight"]!, [outFeatures, rank, inFeatures]);
    const scaling = scalingOf(options, name);
    return Float32Array.from({ length: outFeatures }, (_, row) => {
      let sum = 0;
      for (let index = row * inFeatures; index < (row + 1) * inFeatures; index++)
        sum += (weight[index]! + scaling * delta[index]!) ** 2;
      return Math.sqrt(sum);
    });
  };
}

/** A `[r, in]` and B `[out, r]` whose product is zero though neither is; r is even. */
export function orthogonalFactors(
  random: RandomSequence,
  rank: number,
  inFeatures: number,
  outFeatures: number,
): { readonly A: Float32Array; readonly B: Float32Array } {
  const half = rank / 2;
  const { Q } = qr(normal64(random, rank * rank), rank, rank);
  const rows = (first: number): Float64Array =>
    Float64Array.from(
      { length: half * rank },
      (_, index) => Q[(first + 2 * Math.floor(index / rank)) * rank + (index % rank)]!,
    );
  const tall = matrixProduct(normal64(random, inFeatures * half), rows(0), [inFeatures, half, rank]);
  const B = matrixProduct(normal64(random, outFeatures * half), rows(1), [outFeatures, half, rank]);
  const A = Float32Array.from(
    { length: rank * inFeatures },
    (_, index) => tall[(index % inFeatures) * rank + Math.floor(index / inFeatures)]! / 10,
  );
  return { A, B: Float32Array.from(B, (value) => value / 10) };
}

function uniform(random: RandomSequence, count: number, bound: number): Float32Array {
  return Float32Array.from({ length: count }, () => (2 * random.uniform() - 1) * bound);
}

function normal(random: RandomSequence, count: number, deviation: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal() * deviation);
}

function normal64(random: RandomSequence, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.normal());
}

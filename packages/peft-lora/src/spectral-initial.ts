// PiSSA (arXiv 2404.02948): A and B start as the r largest singular parts of W, A = sqrt(S/s)·Vᵀ and B = U·sqrt(S/s), so that
// s·B·A is the principal part; OLoRA (arXiv 2406.01775): A = R[:r], B = Q[:, :r] of W = Q·R. Both train over the residual
// W − s·B₀·A₀. Instead of writing the residual over the base, the frozen start is kept and taken off in the forward pass:
//   y = W·x + s·(B·A − B₀·A₀)·x
// which leaves the base as it is, starts at exactly its outputs, and is a plain LoRA of rank 2r: A = [A; A₀], B = [B, −B₀].
// Files of PEFT hold A and B alone; B₀·A₀ follows from W again, whatever the signs of its factors.
import type { SiteDescription } from "@attune/models";
import type { ExportedAdapter, InitialiseContext, InitialisedValues } from "@attune/peft-core";
import { AttuneError } from "@attune/spec";
import { createRandomSequence } from "@attune/tensor-core";
import { orthogonalFactors } from "./initial-weights.ts";
import { qr, type Svd, svd, truncatedSvd } from "./linear-algebra.ts";
import { isSpectral, type LoraOptions } from "./lora-options.ts";
import { rankOf, scalingOf } from "./lora-scaling.ts";

/** First values that A and B of a site have together. */
export async function initialiseFactors({
  options,
  layout,
  seed,
  base,
}: InitialiseContext<LoraOptions>): Promise<InitialisedValues> {
  const values = new Map<string, Float32Array>();
  if (!isSpectral(options) && options.initialWeights !== "orthogonal") return {};
  for (const { site, parameters } of layout.sites) {
    if (parameters["lora_A.weight"] === undefined) continue;
    const { name, inFeatures, outFeatures } = site;
    const random = createRandomSequence(seed, `${name}.${options.initialWeights}`);
    if (!isSpectral(options)) {
      const { A, B } = orthogonalFactors(random, rankOf(options, name), inFeatures, outFeatures);
      values.set(`${name}.lora_A.weight`, A).set(`${name}.lora_B.weight`, B);
      continue;
    }
    const { A, B } = spectralFactors(options, site, await base(site.parameters["weight"]!.name), seed);
    values.set(`${name}.lora_A.weight`, A).set(`${name}.initial_A`, A.slice());
    values.set(`${name}.lora_B.weight`, B).set(`${name}.initial_B`, B.slice());
  }
  return { values };
}

/** The frozen start of an adapter that PEFT wrote. @throws AttuneError `CONFIG_INCOMPATIBLE` for a head that shares its table */
export async function startOfFile({
  options,
  layout,
  model,
  base,
}: Pick<InitialiseContext<LoraOptions>, "options" | "layout" | "model" | "base">): Promise<
  ReadonlyMap<string, Float32Array>
> {
  const values = new Map<string, Float32Array>();
  if (!isSpectral(options)) return values;
  for (const { site, parameters } of layout.sites) {
    if (parameters["lora_A.weight"] === undefined) continue;
    if (site.kind === "head" && model.config.tiedEmbeddings) {
      throw new AttuneError(
        "CONFIG_INCOMPATIBLE",
        `This adapter starts "${site.name}" from "${options.initialWeights}", which in PEFT also changes the embedding that shares its table.`,
        { hint: "Convert it in PEFT: save_pretrained(folder, path_initial_model_for_weight_conversion=...)." },
      );
    }
    const { A, B } = spectralFactors(options, site, await base(site.parameters["weight"]!.name), 0);
    values.set(`${site.name}.initial_A`, A).set(`${site.name}.initial_B`, B);
  }
  return values;
}

function spectralFactors(
  options: LoraOptions,
  site: SiteDescription,
  weight: Float32Array,
  seed: number,
): { readonly A: Float32Array; readonly B: Float32Array } {
  const { name, inFeatures, outFeatures } = site;
  const rank = Math.min(rankOf(options, name), inFeatures, outFeatures);
  if (options.initialWeights === "olora") {
    const { Q, R } = qr(weight, outFeatures, inFeatures, rank);
    return { A: Float32Array.from(R), B: Float32Array.from(Q) };
  }
  const [, iterations] = options.initialWeights.split("_niter_");
  const random = createRandomSequence(seed, `${name}.${options.initialWeights}`);
  const parts: Svd =
    iterations === undefined
      ? svd(weight, outFeatures, inFeatures)
      : truncatedSvd(weight, outFeatures, inFeatures, rank, Number(iterations), random);
  const roots = Float64Array.from({ length: rank }, (_, index) =>
    Math.sqrt(parts.S[index]! / scalingOf(options, name)),
  );
  return {
    A: Float32Array.from({ length: rank * inFeatures }, (_, index) => {
      const row = Math.floor(index / inFeatures);
      return roots[row]! * parts.V[(index % inFeatures) * parts.k + row]!;
    }),
    B: Float32Array.from(
      { length: outFeatures * rank },
      (_, index) => roots[index % rank]! * parts.U[Math.floor(index / rank) * parts.k + (index % rank)]!,
    ),
  };
}

/** A spectral adapter as the plain one over the unchanged base that files hold; undefined for one that is plain already. */
export function exportedAsPlain(
  options: LoraOptions,
  values: ReadonlyMap<string, Float32Array>,
): ExportedAdapter<LoraOptions> | undefined {
  if (!isSpectral(options)) return undefined;
  const factor = options.rankStabilized ? Math.SQRT2 : 2;
  const scaled = (patterns: Readonly<Record<string, number>>, by: number): Record<string, number> =>
    Object.fromEntries(Object.entries(patterns).map(([pattern, value]) => [pattern, value * by]));
  const made = new Map<string, Float32Array>();
  for (const [name, floats] of values) {
    if (name.endsWith(".initial_A") || name.endsWith(".initial_B")) continue;
    const module = name.replace(/\.lora_[AB]\.weight$/, "");
    if (name.endsWith(".lora_A.weight")) made.set(name, stacked(floats, values.get(`${module}.initial_A`)!));
    else if (name.endsWith(".lora_B.weight"))
      made.set(name, sideBySide(floats, values.get(`${module}.initial_B`)!, rankOf(options, module)));
    else made.set(name, floats);
  }
  return {
    options: {
      ...options,
      rank: 2 * options.rank,
      alpha: factor * options.alpha,
      rankPattern: scaled(options.rankPattern, 2),
      alphaPattern: scaled(options.alphaPattern, factor),
      initialWeights: "default",
    },
    values: made,
  };
}

function stacked(first: Float32Array, second: Float32Array): Float32Array {
  const result = new Float32Array(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
}

/** [B, −B₀] */
function sideBySide(first: Float32Array, second: Float32Array, rank: number): Float32Array {
  return Float32Array.from({ length: 2 * first.length }, (_, index) => {
    const [row, column] = [Math.floor(index / (2 * rank)), index % (2 * rank)];
    return column < rank ? first[row * rank + column]! : -second[row * rank + column - rank]!;
  });
}

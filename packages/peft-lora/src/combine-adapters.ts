// One adapter out of several, w_i the weight and s_i the scaling of adapter i:
//   cat     A = rows w_i·s_i·A_i, B = columns B_i, side by side: exactly Σ w_i·s_i·B_i·A_i, of rank Σ r_i
//   linear  A = Σ sign(w_i)·√|w_i·s_i|·A_i, B = Σ √|w_i·s_i|·B_i, of the same rank, with cross terms B_i·A_j
//   svd     the best approximation of the exact sum of a given rank: A = Vᵀ, B = U·S (Eckart and Young, 1936)
// The result has scaling 1 whatever the sources had, so that a rank-stabilised source does not come out too strong.
import { type Adapters, type AttachedAdapter, bareName, type LoadedAdapter } from "@attune/peft-core";
import { AttuneError } from "@attune/spec";
import { elementCount } from "@attune/tensor-core";
import { matrixProduct, qr, svd, transposed } from "./linear-algebra.ts";
import { lora } from "./lora.ts";
import type { LoraOptions } from "./lora-options.ts";
import { rankOf, scalingOf } from "./lora-scaling.ts";
import { exportedAsPlain } from "./spectral-initial.ts";

/** How adapters are combined. */
export interface CombineOptions {
  /** Name of the new adapter. */
  readonly name: string;
  /** Source adapters and their weights; negative ones subtract. */
  readonly parts: readonly { readonly name: string; readonly weight: number }[];
  /** "cat" (default) and "svd" are exact, the latter up to its rank; "linear" keeps the rank but mixes factors. */
  readonly combination?: "cat" | "linear" | "svd" | undefined;
  /** Rank for "svd". Default the largest of the sources. */
  readonly rank?: number | undefined;
}

/** One source at one module: s·B·A with w in the scaling. */
interface Factor {
  readonly A: Float32Array;
  readonly B: Float32Array;
  readonly rank: number;
  /** w·s */
  readonly factor: number;
}

interface Source {
  readonly name: string;
  readonly weight: number;
  readonly options: LoraOptions;
  /** By name without the adapter's. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

const suffixes = {
  linear: ["lora_A.weight", "lora_B.weight"],
  table: ["lora_embedding_A", "lora_embedding_B"],
} as const;

/**
 * Combines LoRA adapters of one model into a new one, to be attached, saved or merged like any other.
 *
 * @param values - of the sources, by parameter name
 * @throws AttuneError `OPTIONS_INVALID` for unknown or unequal sources, `CONFIG_INCOMPATIBLE` for sources that are more than low-rank sums
 */
export function combineAdapters(
  adapters: Adapters,
  values: ReadonlyMap<string, Float32Array>,
  { name, parts, combination = "cat", rank }: CombineOptions,
): Pick<LoadedAdapter, "name" | "method" | "options" | "values"> {
  if (parts.length === 0) throw new AttuneError("OPTIONS_INVALID", "Expected adapters to combine, got none.");
  const sources = parts.map((part) => sourceOf(adapters.get(part.name), part.weight, values));
  const modules = modulesOf(sources);
  const factors = new Map([...modules].map(([module, kind]) => [module, factorsOf(module, kind, sources)]));
  const newRank = combinedRank(combination, [...factors.values()], rank);
  const made = new Map<string, Float32Array>();
  for (const [module, kind] of modules) {
    const { A, B } = combine(combination, factors.get(module)!, newRank);
    made.set(`${name}/${module}.${suffixes[kind][0]}`, A).set(`${name}/${module}.${suffixes[kind][1]}`, B);
  }
  const saved = savedModules(sources);
  for (const [bare, floats] of saved.values) made.set(`${name}/${bare}`, floats);
  const options = lora.parse({
    rank: newRank,
    alpha: newRank,
    targetModules: [...modules.keys()],
    ...(saved.names.length > 0 ? { modulesToSave: saved.names } : {}),
  });
  return { name, method: lora, options, values: made };
}

function sourceOf(adapter: AttachedAdapter, weight: number, values: ReadonlyMap<string, Float32Array>): Source {
  const { name, method } = adapter;
  if (method.id !== lora.id)
    throw new AttuneError(
      "CONFIG_INCOMPATIBLE",
      `Adapter "${name}" is of method "${method.id}"; only LoRA adapters can be combined.`,
    );
  if (!Number.isFinite(weight))
    throw new AttuneError("OPTIONS_INVALID", `Expected the weight of adapter "${name}" to be a number, got ${weight}.`);
  const options = adapter.options as LoraOptions;
  const more = options.dora
    ? "dora"
    : options.loraBias
      ? "loraBias"
      : options.bias !== "none"
        ? `bias "${options.bias}"`
        : undefined;
  if (more !== undefined) {
    throw new AttuneError(
      "CONFIG_INCOMPATIBLE",
      `Adapter "${name}" has ${more}, so it is more than a low-rank sum and cannot be combined.`,
      {
        hint: "Merge the adapters into the base one after the other.",
      },
    );
  }
  const own = new Map(adapter.parameters.map((parameter) => [bareName(parameter), values.get(parameter.name)!]));
  for (const parameter of adapter.parameters) {
    if (own.get(bareName(parameter))?.length !== elementCount(parameter.shape)) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `Adapter parameter "${parameter.name}" has no values of shape [${parameter.shape.join(", ")}].`,
      );
    }
  }
  const plain = exportedAsPlain(options, own);
  return { name, weight, options: plain?.options ?? options, values: plain?.values ?? own };
}

/** Modules that any source adapts, in the order in which they come. */
function modulesOf(sources: readonly Source[]): Map<string, keyof typeof suffixes> {
  const modules = new Map<string, keyof typeof suffixes>();
  for (const { values } of sources) {
    for (const bare of values.keys()) {
      for (const kind of ["linear", "table"] as const) {
        const end = `.${suffixes[kind][0]}`;
        if (bare.endsWith(end)) modules.set(bare.slice(0, -end.length), kind);
      }
    }
  }
  return modules;
}

function factorsOf(module: string, kind: keyof typeof suffixes, sources: readonly Source[]): Factor[] {
  return sources.flatMap(({ weight, options, values }) => {
    const [A, B] = suffixes[kind].map((suffix) => values.get(`${module}.${suffix}`));
    return A && B ? [{ A, B, rank: rankOf(options, module), factor: weight * scalingOf(options, module) }] : [];
  });
}

function combinedRank(
  combination: CombineOptions["combination"],
  factors: readonly (readonly Factor[])[],
  wanted: number | undefined,
): number {
  const ranks = factors.flatMap((own) => own.map(({ rank }) => rank));
  const largest = Math.max(...ranks);
  if (combination === "cat") return Math.max(...factors.map((own) => own.reduce((sum, { rank }) => sum + rank, 0)));
  if (combination === "svd") {
    if (wanted === undefined || (Number.isSafeInteger(wanted) && wanted > 0)) return wanted ?? largest;
    throw new AttuneError("OPTIONS_INVALID", `Expected the new rank to be a whole number above 0, got ${wanted}.`);
  }
  if (ranks.every((rank) => rank === largest)) return largest;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `A linear combination needs equal ranks, got ${[...new Set(ranks)].join(" and ")}.`,
    { hint: 'Use "cat" or "svd".' },
  );
}

function combine(
  combination: CombineOptions["combination"],
  factors: readonly Factor[],
  rank: number,
): { A: Float32Array; B: Float32Array } {
  if (combination === "linear") return addFactors(factors);
  const stacked = stackFactors(factors);
  const fitted = combination === "svd" ? truncate(stacked, rank) : stacked;
  return padRank(fitted, rank);
}

/** Factors as rows of A and columns of B; `width` is the number of rows. */
interface Stacked {
  readonly A: Float64Array;
  readonly B: Float64Array;
  readonly width: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

function stackFactors(factors: readonly Factor[]): Stacked {
  const width = factors.reduce((sum, { rank }) => sum + rank, 0);
  const inFeatures = factors[0]!.A.length / factors[0]!.rank;
  const outFeatures = factors[0]!.B.length / factors[0]!.rank;
  const A = new Float64Array(width * inFeatures);
  const B = new Float64Array(outFeatures * width);
  let first = 0;
  for (const { A: own, B: columns, rank, factor } of factors) {
    for (let index = 0; index < own.length; index++) A[first * inFeatures + index] = factor * own[index]!;
    for (let index = 0; index < columns.length; index++)
      B[Math.floor(index / rank) * width + first + (index % rank)] = columns[index]!;
    first += rank;
  }
  return { A, B, width, inFeatures, outFeatures };
}

/** The SVD of B·A through those of two thin matrices and one of width × width. */
function truncate({ A, B, width, inFeatures, outFeatures }: Stacked, rank: number): Stacked {
  const left = qr(B, outFeatures, width);
  const right = qr(transposed(A, width, inFeatures), inFeatures, width);
  const [leftRank, rightRank] = [Math.min(outFeatures, width), Math.min(inFeatures, width)];
  const core = matrixProduct(left.R, transposed(right.R, rightRank, width), [leftRank, width, rightRank]);
  const { U, S, V, k } = svd(core, leftRank, rightRank);
  const kept = Math.min(rank, k);
  const columns = (source: Float64Array, rows: number, scale: (column: number) => number): Float64Array =>
    Float64Array.from(
      { length: rows * kept },
      (_, index) => source[Math.floor(index / kept) * k + (index % kept)]! * scale(index % kept),
    );
  return {
    A: transposed(
      matrixProduct(
        right.Q,
        columns(V, rightRank, () => 1),
        [inFeatures, rightRank, kept],
      ),
      inFeatures,
      kept,
    ),
    B: matrixProduct(
      left.Q,
      columns(U, leftRank, (column) => S[column]!),
      [outFeatures, leftRank, kept],
    ),
    width: kept,
    inFeatures,
    outFeatures,
  };
}

/** Rows of zeros for modules that fewer sources adapt. */
function padRank(
  { A, B, width, inFeatures, outFeatures }: Stacked,
  rank: number,
): { A: Float32Array; B: Float32Array } {
  return {
    A: Float32Array.from({ length: rank * inFeatures }, (_, index) => A[index] ?? 0),
    B: Float32Array.from({ length: outFeatures * rank }, (_, index) =>
      index % rank < width ? B[Math.floor(index / rank) * width + (index % rank)]! : 0,
    ),
  };
}

function addFactors(factors: readonly Factor[]): { A: Float32Array; B: Float32Array } {
  const sum = (pick: (factor: Factor) => Float32Array, signed: boolean): Float32Array => {
    const total = new Float64Array(pick(factors[0]!).length);
    for (const own of factors) {
      const scale = Math.sqrt(Math.abs(own.factor)) * (signed ? Math.sign(own.factor) : 1);
      pick(own).forEach((value, index) => {
        total[index]! += scale * value;
      });
    }
    return Float32Array.from(total);
  };
  return { A: sum(({ A }) => A, true), B: sum(({ B }) => B, false) };
}

/** Modules that sources save whole; two of them cannot save the same. */
function savedModules(sources: readonly Source[]): { values: Map<string, Float32Array>; names: string[] } {
  const values = new Map<string, Float32Array>();
  for (const source of sources) {
    for (const [bare, floats] of source.values) {
      if (/\.(lora_[AB]\.weight|lora_embedding_[AB])$/.test(bare)) continue;
      if (values.has(bare)) {
        throw new AttuneError("CONFIG_INCOMPATIBLE", `Adapter "${source.name}" and another one both save "${bare}".`, {
          hint: "Combine adapters of which one at most saves a module.",
        });
      }
      values.set(bare, floats);
    }
  }
  const names = [...new Set([...values.keys()].map((bare) => bare.slice(0, bare.lastIndexOf("."))))];
  return { values, names };
}

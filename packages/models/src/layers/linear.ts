import type { Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";
import { weightedSum } from "./weighted-sum.ts";

/** Options of a linear layer. */
export interface LinearOptions {
  readonly outFeatures: number;
  /** Whether the module has a bias. */
  readonly bias: boolean;
}

/** `y = x · weightᵀ + bias` at a `linear` site; `x [..., in]`, weight `[out, in]`. */
export function linear(scope: Scope, x: Tensor, { outFeatures, bias }: LinearOptions): Tensor {
  const inFeatures = x.shape.at(-1)!;
  const weight = scope.parameter("weight", [outFeatures, inFeatures]);
  return crossSite(scope, {
    kind: "linear",
    inFeatures,
    outFeatures,
    x,
    parameters: bias ? { weight, bias: scope.parameter("bias", [outFeatures]) } : { weight },
    compute: weightedSum,
  });
}

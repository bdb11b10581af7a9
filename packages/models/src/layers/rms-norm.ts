import { rmsNorm as rmsNormOp, type Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";

/** `y = x / sqrt(mean(x²) + epsilon) · weight` over the last axis, at a `norm` site. */
export function rmsNorm(scope: Scope, x: Tensor, { epsilon }: { readonly epsilon: number }): Tensor {
  const features = x.shape.at(-1)!;
  return crossSite(scope, {
    kind: "norm",
    inFeatures: features,
    outFeatures: features,
    x,
    parameters: { weight: scope.parameter("weight", [features]) },
    compute: (input, read) => rmsNormOp(input, read("weight")!, { epsilon }),
  });
}

import { add, type Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";

/**
 * `residual + module(input)` at a `subBlock` site: a visitor sees the module's input, its output and the residual stream.
 *
 * @param scope - the module's, for example `model.layers.0.mlp`
 */
export function subBlock(scope: Scope, input: Tensor, residual: Tensor, module: (x: Tensor) => Tensor): Tensor {
  const output = crossSite(scope, {
    kind: "subBlock",
    inFeatures: input.shape.at(-1)!,
    outFeatures: residual.shape.at(-1)!,
    x: input,
    residual,
    compute: (x) => module(x),
  });
  return scope.enter(() => add(residual, output));
}

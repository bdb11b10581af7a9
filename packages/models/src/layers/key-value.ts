import type { Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";

/** Keys and values `[B, T, heads, D]` as attention will see them, at the `keyValue` site of an attention module. */
export function keyValue(scope: Scope, key: Tensor, value: Tensor): { readonly key: Tensor; readonly value: Tensor } {
  const cross = (part: "key" | "value", x: Tensor): Tensor =>
    crossSite(scope, {
      kind: "keyValue",
      part,
      inFeatures: x.shape.at(-1)!,
      outFeatures: x.shape.at(-1)!,
      x,
      compute: (given) => given,
    });
  return { key: cross("key", key), value: cross("value", value) };
}

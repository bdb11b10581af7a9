import type { Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";

/** Embeddings `[B, T, hidden]` as the first block will see them, at the `inputEmbeddings` site: learned tokens go in here. */
export function inputEmbeddings(scope: Scope, x: Tensor): Tensor {
  const features = x.shape.at(-1)!;
  return crossSite(scope, {
    kind: "inputEmbeddings",
    inFeatures: features,
    outFeatures: features,
    x,
    compute: (given) => given,
  });
}

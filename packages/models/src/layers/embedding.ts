import { embedding as embeddingOp, type Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";

/** Options of an embedding. */
export interface EmbeddingOptions {
  readonly rows: number;
  readonly features: number;
}

/** Rows of the table `[rows, features]` for ids `i32 [...]`, at an `embedding` site. */
export function embedding(scope: Scope, ids: Tensor, { rows, features }: EmbeddingOptions): Tensor {
  return crossSite(scope, {
    kind: "embedding",
    inFeatures: rows,
    outFeatures: features,
    x: ids,
    parameters: { weight: scope.parameter("weight", [rows, features]) },
    compute: (input, read) => embeddingOp(input, read("weight")!),
  });
}

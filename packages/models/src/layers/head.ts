import type { Tensor } from "@attune/tensor-core";
import { crossSite } from "../cross-site.ts";
import type { Scope } from "../scope.ts";
import { weightedSum } from "./weighted-sum.ts";

/** Options of an output head. */
export interface HeadOptions {
  readonly vocabularySize: number;
  /** Full name of the embedding's table where the head is tied to it. */
  readonly tiedTo?: string | undefined;
}

/** Logits `[..., vocabulary]` of hidden states `[..., hidden]` at the `head` site. */
export function head(scope: Scope, x: Tensor, { vocabularySize, tiedTo }: HeadOptions): Tensor {
  const inFeatures = x.shape.at(-1)!;
  const shape = [vocabularySize, inFeatures];
  const weight = tiedTo === undefined ? scope.parameter("weight", shape) : scope.root().parameter(tiedTo, shape);
  return crossSite(scope, {
    kind: "head",
    inFeatures,
    outFeatures: vocabularySize,
    x,
    parameters: { weight },
    compute: weightedSum,
  });
}

import { linear, type Tensor } from "@attune/tensor-core";

/** `x · weightᵀ + bias` with what a site reads; the bias may be missing. */
export function weightedSum(x: Tensor, read: (name: string) => Tensor | undefined): Tensor {
  const bias = read("bias");
  return linear(x, read("weight")!, bias === undefined ? {} : { bias });
}

import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { tensorType } from "../../type/tensor-type.ts";
import { shapeMismatch } from "../checks.ts";
import { stridedIndices, stridesOf } from "../pointwise/broadcast.ts";
import { floats, integers, nonFinite, words } from "../sample-values.ts";

/** The new order of axes. */
export type TransposeAttributes = {
  /** Axis `i` of the result is axis `permutation[i]` of the input. */
  readonly permutation: readonly number[];
};

/** Reorders axes; a copy. */
export const transposeOp: OpDef<TransposeAttributes> = defineOp<TransposeAttributes>({
  id: "transpose",
  infer([x], { permutation }) {
    if (
      permutation.length !== x!.shape.length ||
      !permutation.toSorted((a, b) => a - b).every((axis, index) => axis === index)
    ) {
      throw shapeMismatch(
        "transpose",
        `[${permutation.join(", ")}] is no permutation of the axes of [${x!.shape.join(", ")}].`,
      );
    }
    return [
      tensorType(
        permutation.map((axis) => x!.shape[axis]!),
        x!.dtype,
      ),
    ];
  },
  vjp({ cotangents, attributes: { permutation } }) {
    return [
      transpose(
        cotangents[0]!,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  reference([x], { inputTypes, outputTypes, attributes: { permutation } }) {
    const strides = stridesOf(inputTypes[0]!.shape);
    const places = stridedIndices(
      outputTypes[0]!.shape,
      permutation.map((axis) => strides[axis]!),
    );
    return [Float64Array.from(places, (index) => x![index]!)];
  },
  cost: () => ({ flops: 0 }),
  samples: () => [
    { name: "matrix", inputs: [floats("a", [5, 7])], attributes: { permutation: [1, 0] }, differentiable: [0] },
    { name: "large matrix", inputs: [floats("b", [33, 65])], attributes: { permutation: [1, 0] } },
    {
      name: "heads",
      inputs: [floats("c", [2, 3, 4, 5])],
      attributes: { permutation: [0, 2, 1, 3] },
      differentiable: [0],
    },
    { name: "rotation", inputs: [floats("d", [2, 3, 5])], attributes: { permutation: [2, 0, 1] }, differentiable: [0] },
    { name: "no elements", inputs: [floats("e", [0, 3])], attributes: { permutation: [1, 0] } },
    { name: "integers", inputs: [integers("f", [3, 4], -9, 9)], attributes: { permutation: [1, 0] } },
    { name: "words", inputs: [words([3, 4])], attributes: { permutation: [1, 0] } },
    { name: "NaN and Inf", inputs: [nonFinite([9, 5])], attributes: { permutation: [1, 0] } },
  ],
});

/**
 * Reorders axes: axis `i` of the result is axis `permutation[i]` of `x`.
 *
 * @throws AttuneError `SHAPE_MISMATCH` if it is no permutation
 */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return permutation.every((axis, index) => axis === index) && permutation.length === x.shape.length
    ? x
    : applyOp(transposeOp, [x], { permutation })[0]!;
}

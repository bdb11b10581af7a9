import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, formatType, sameShape, type TensorType, tensorType } from "../../type/tensor-type.ts";
import { shapeMismatch } from "../checks.ts";
import { floats, integers, nonFinite, words } from "../sample-values.ts";

/** The new shape. */
export type ReshapeAttributes = { readonly shape: readonly number[] };

/** The same elements in the same order under another shape; no bytes move. */
export const reshapeOp: OpDef<ReshapeAttributes> = defineOp<ReshapeAttributes>({
  id: "reshape",
  infer([x], { shape }) {
    expectPlainElements("reshape", x!);
    if (elementCount(shape) !== elementCount(x!.shape)) {
      throw shapeMismatch(
        "reshape",
        `${formatType(x!)} has ${elementCount(x!.shape)} elements and cannot become [${shape.join(", ")}].`,
      );
    }
    return [tensorType(shape, x!.dtype, x!.format)];
  },
  vjp: ({ inputs, cotangents }) => [reshape(cotangents[0]!, inputs[0]!.shape)],
  reference: ([x]) => [x!.slice()],
  cost: () => ({ flops: 0 }),
  alias: () => [0],
  samples: () => [
    { name: "split an axis", inputs: [floats("a", [2, 12])], attributes: { shape: [2, 3, 4] }, differentiable: [0] },
    { name: "to one axis", inputs: [integers("b", [3, 5], -4, 4)], attributes: { shape: [15] } },
    { name: "words", inputs: [words([3, 4])], attributes: { shape: [2, 6] } },
    { name: "NaN and Inf", inputs: [nonFinite([3, 4])], attributes: { shape: [12] } },
    { name: "no elements", inputs: [floats("c", [0, 4])], attributes: { shape: [2, 0] } },
  ],
});

/** Views count in elements, which formats with blocks or several component buffers do not have. */
export function expectPlainElements(op: string, type: TensorType): void {
  if (type.format.blockSize !== 1 || type.format.components([1]).length !== 1) {
    throw shapeMismatch(op, `${formatType(type)} is stored in blocks or in several buffers and cannot be viewed.`);
  }
}

/**
 * Views `x` under another shape; one size may be -1 and is worked out.
 *
 * @throws AttuneError `SHAPE_MISMATCH` if the element counts differ
 */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const known = elementCount(shape.filter((size) => size !== -1));
  const sizes = shape.map((size) => (size === -1 && known > 0 ? elementCount(x.shape) / known : size));
  return sameShape(x.shape, sizes) ? x : applyOp(reshapeOp, [x], { shape: sizes })[0]!;
}

// Sums and maxima over axes, and what is made of them.
import { checkOptionKeys } from "@attune/spec";
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { resolveAxis, shapeMismatch } from "../checks.ts";
import { div, equal, mul, sqrt, square } from "../pointwise/elementwise.ts";
import { sumOp } from "../pointwise/pointwise.ts";
import { reshape } from "../shape/reshape.ts";
import { reduceSamples } from "./reduce-samples.ts";
import { fold, keptShape, type ReduceAttributes, reducedCount, reducedShape } from "./reduce-values.ts";

/** Maximum over axes; the gradient is shared equally by equal maxima. */
export const maxOp: OpDef<ReduceAttributes> = defineOp<ReduceAttributes>({
  id: "max",
  infer([x], attributes) {
    const shape = reducedShape("max", x!.shape, attributes);
    if (reducedCount([x!], attributes) === 0) throw shapeMismatch("max", "an axis without elements has no maximum.");
    return [tensorType(shape, x!.dtype)];
  },
  vjp({ inputs, outputs, cotangents, attributes }) {
    const [x] = inputs;
    const kept = keptShape(x!.shape, attributes.axes);
    const chosen = equal(x!, reshape(outputs[0]!, kept));
    const count = sum(chosen, { axes: attributes.axes, keepDims: true });
    return [mul(chosen, div(reshape(cotangents[0]!, kept), count))];
  },
  reference: ([x], { attributes, inputTypes }) => [
    fold(x!, inputTypes[0]!.shape, attributes.axes, -Infinity, Math.max),
  ],
  cost: ([x]) => ({ flops: elementCount(x!.shape) }),
  samples: () => reduceSamples().filter((sample) => sample.inputs.every(({ type }) => !type.shape.includes(0))),
});

/** Which axes to reduce (all unless given) and whether to keep them with size 1. */
export interface ReduceOptions {
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

function attributesOf(op: string, x: Tensor, options: ReduceOptions): ReduceAttributes {
  checkOptionKeys(op, options, { axes: true, keepDims: true });
  const { axes, keepDims = false } = options;
  const chosen = axes ?? x.shape.map((_, axis) => axis);
  return {
    axes: [...new Set(chosen.map((axis) => resolveAxis(op, axis, x.shape.length)))].sort((a, b) => a - b),
    keepDims,
  };
}

/** Sum over axes. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyOp(sumOp, [x], attributesOf("sum", x, options))[0]!;
}

/** Maximum over axes. @throws AttuneError `SHAPE_MISMATCH` for axes without elements */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyOp(maxOp, [x], attributesOf("max", x, options))[0]!;
}

/** Mean over axes. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attributes = attributesOf("mean", x, options);
  return mul(sum(x, attributes), 1 / reducedCount([x.type], attributes));
}

/** Euclidean norm over axes. */
export function l2Norm(x: Tensor, options: ReduceOptions = {}): Tensor {
  return sqrt(sum(square(x), options));
}

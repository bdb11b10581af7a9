// Ranges of an axis and zeros around them: each is the gradient of the other.
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, formatType, type TensorType, tensorType, typeBytes } from "../../type/tensor-type.ts";
import { resolveAxis, shapeMismatch } from "../checks.ts";
import { stridedIndices, stridesOf } from "../pointwise/broadcast.ts";
import { floats, integers, nonFinite, words } from "../sample-values.ts";
import { expectPlainElements } from "./reshape.ts";

/** A range of one axis. */
export type SliceAttributes = { readonly axis: number; readonly start: number; readonly length: number };

/** A range of one axis: a view where it is one range of the row-major elements, else a copy. */
export const sliceOp: OpDef<SliceAttributes> = defineOp<SliceAttributes>({
  id: "slice",
  infer([x], { axis, start, length }) {
    expectPlainElements("slice", x!);
    const size = x!.shape[resolveAxis("slice", axis, x!.shape.length)]!;
    if (!Number.isInteger(start) || !Number.isInteger(length) || start < 0 || length < 0 || start + length > size) {
      throw shapeMismatch(
        "slice",
        `the range from ${start} to ${start + length} is outside axis ${axis} of ${formatType(x!)}.`,
      );
    }
    return [tensorType(x!.shape.with(axis, length), x!.dtype, x!.format)];
  },
  vjp({ inputs, cotangents, attributes: { axis, start, length } }) {
    const size = inputs[0]!.shape[axis]!;
    return [pad(cotangents[0]!, { axis, before: start, after: size - start - length })];
  },
  reference([x], { inputTypes, attributes }) {
    return [sliceValues(x!, inputTypes[0]!.shape, attributes)];
  },
  cost: (_, [y]) => ({ flops: 0, bytes: 2 * typeBytes(y!) }),
  alias([x], { axis, start }) {
    return isRange(x!, axis) ? [start * elementCount(x!.shape.slice(axis + 1))] : undefined;
  },
  samples: () => [
    { name: "rows", inputs: [floats("a", [7, 5])], attributes: { axis: 0, start: 2, length: 3 }, differentiable: [0] },
    {
      name: "columns",
      inputs: [floats("b", [3, 9])],
      attributes: { axis: 1, start: 4, length: 5 },
      differentiable: [0],
    },
    {
      name: "inner axis",
      inputs: [floats("c", [2, 5, 3])],
      attributes: { axis: 1, start: 1, length: 3 },
      differentiable: [0],
    },
    { name: "nothing", inputs: [floats("d", [4, 3])], attributes: { axis: 1, start: 3, length: 0 } },
    { name: "integers", inputs: [integers("e", [3, 4], -9, 9)], attributes: { axis: 1, start: 1, length: 2 } },
    { name: "words", inputs: [words([3, 4])], attributes: { axis: 1, start: 1, length: 2 } },
    { name: "NaN and Inf", inputs: [nonFinite([3, 5])], attributes: { axis: 1, start: 0, length: 3 } },
    { name: "of nothing", inputs: [floats("f", [0, 4])], attributes: { axis: 1, start: 1, length: 2 } },
  ],
});

/** True if every range of `axis` is one range of the row-major elements. */
export function isRange(type: TensorType, axis: number): boolean {
  return elementCount(type.shape.slice(0, axis)) === 1;
}

/** The float64 elements of a range of one axis. */
export function sliceValues(
  x: Float64Array,
  shape: readonly number[],
  { axis, start, length }: SliceAttributes,
): Float64Array {
  const strides = stridesOf(shape);
  const first = start * strides[axis]!;
  return Float64Array.from(stridedIndices(shape.with(axis, length), strides), (index) => x[first + index]!);
}

/**
 * `length` elements of an axis from `start` on.
 *
 * @throws AttuneError `SHAPE_MISMATCH` for a range outside the axis
 */
export function slice(x: Tensor, { axis, start, length }: SliceAttributes): Tensor {
  const resolved = resolveAxis("slice", axis, x.shape.length);
  return start === 0 && length === x.shape[resolved] ? x : applyOp(sliceOp, [x], { axis: resolved, start, length })[0]!;
}

/** Zeros around one axis. */
export type PadAttributes = { readonly axis: number; readonly before: number; readonly after: number };

/** Adds zeros in front of and behind an axis. */
export const padOp: OpDef<PadAttributes> = defineOp<PadAttributes>({
  id: "pad",
  infer([x], { axis, before, after }) {
    const size = x!.shape[resolveAxis("pad", axis, x!.shape.length)]!;
    if (before < 0 || after < 0) throw shapeMismatch("pad", `cannot add ${before} and ${after} zeros to an axis.`);
    return [tensorType(x!.shape.with(axis, before + size + after), x!.dtype)];
  },
  vjp({ inputs, cotangents, attributes: { axis, before } }) {
    return [slice(cotangents[0]!, { axis, start: before, length: inputs[0]!.shape[axis]! })];
  },
  reference([x], { inputTypes, outputTypes, attributes: { axis, before } }) {
    const from = inputTypes[0]!.shape;
    const to = outputTypes[0]!.shape;
    const output = new Float64Array(elementCount(to));
    const length = elementCount(from.slice(axis));
    const run = elementCount(to.slice(axis));
    const start = before * elementCount(from.slice(axis + 1));
    for (let row = 0; row < elementCount(from.slice(0, axis)); row++) {
      output.set(x!.subarray(row * length, (row + 1) * length), row * run + start);
    }
    return [output];
  },
  cost: () => ({ flops: 0 }),
  samples: () => [
    { name: "rows", inputs: [floats("a", [3, 5])], attributes: { axis: 0, before: 2, after: 1 }, differentiable: [0] },
    {
      name: "columns",
      inputs: [floats("b", [3, 5])],
      attributes: { axis: 1, before: 0, after: 4 },
      differentiable: [0],
    },
    {
      name: "inner axis",
      inputs: [floats("c", [2, 3, 4])],
      attributes: { axis: 1, before: 1, after: 1 },
      differentiable: [0],
    },
    { name: "integers", inputs: [integers("e", [3, 4], -9, 9)], attributes: { axis: 1, before: 1, after: 2 } },
    { name: "NaN and Inf", inputs: [nonFinite([3, 5])], attributes: { axis: 1, before: 1, after: 2 } },
    { name: "around nothing", inputs: [floats("d", [2, 0])], attributes: { axis: 1, before: 1, after: 2 } },
  ],
});

/** `x` with zeros before and after an axis. */
export function pad(x: Tensor, { axis, before, after }: PadAttributes): Tensor {
  const resolved = resolveAxis("pad", axis, x.shape.length);
  return before === 0 && after === 0 ? x : applyOp(padOp, [x], { axis: resolved, before, after })[0]!;
}

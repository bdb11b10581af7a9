// What sums and maxima over axes have in common.
import { elementCount, type TensorType } from "../../type/tensor-type.ts";
import { resolveAxis, shapeMismatch } from "../checks.ts";
import { stridedIndices, stridesOf } from "../pointwise/broadcast.ts";

/** What is reduced. */
export type ReduceAttributes = {
  /** Ascending, counted from the front. */
  readonly axes: readonly number[];
  /** Keeps reduced axes with size 1. */
  readonly keepDims: boolean;
};

/** The shape that is left. */
export function reducedShape(op: string, shape: readonly number[], { axes, keepDims }: ReduceAttributes): number[] {
  axes.forEach((axis, index) => {
    if (resolveAxis(op, axis, shape.length) !== axis || (index > 0 && axis <= axes[index - 1]!)) {
      throw shapeMismatch(op, `expected ascending axes counted from the front, got [${axes.join(", ")}].`);
    }
  });
  return shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
}

/** The shape with reduced axes kept as 1, which broadcasts back. */
export function keptShape(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Folds every element of x into the output element of its place. */
export function fold(
  x: Float64Array,
  shape: readonly number[],
  axes: readonly number[],
  start: number,
  join: (left: number, right: number) => number,
): Float64Array {
  const kept = keptShape(shape, axes);
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const output = new Float64Array(elementCount(kept)).fill(start);
  stridedIndices(shape, strides).forEach((place, index) => {
    output[place] = join(output[place]!, x[index]!);
  });
  return output;
}

/** Number of elements that become one. */
export function reducedCount([x]: readonly TensorType[], { axes }: ReduceAttributes): number {
  return elementCount(axes.map((axis) => x!.shape[axis]!));
}

// How kernels walk elements of several operands at once: axes that all operands step through alike are merged, so that the
// innermost one is long. Shapes are compile-time constants.
import { elementCount } from "../type/tensor-type.ts";

/** One merged axis: its size, and for each operand the elements between neighbours (0 where it repeats). */
export interface LoopAxis {
  readonly size: number;
  readonly strides: readonly number[];
}

/** Merged axes of operands that broadcast to `shape`, the outermost first; at least one. */
export function mergeAxes(shape: readonly number[], operands: readonly (readonly number[])[]): LoopAxis[] {
  return mergeStrided(
    shape,
    operands.map((operand) => broadcastStrides(operand, shape)),
  );
}

/** Merged axes of operands whose neighbours along each axis of `shape` are `strides[operand][axis]` elements apart. */
export function mergeStrided(shape: readonly number[], strides: readonly (readonly number[])[]): LoopAxis[] {
  const merged: { size: number; strides: number[] }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const own = strides.map((stride) => stride[axis]!);
    const outer = merged.at(-1);
    if (outer?.strides.every((stride, operand) => stride === own[operand]! * size)) {
      outer.size *= size;
      outer.strides = own;
    } else merged.push({ size, strides: own });
  });
  return merged.length > 0 ? merged : [{ size: elementCount(shape), strides: strides.map(() => 0) }];
}

function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const padding = to.length - from.length;
  return to.map((_, axis) =>
    axis < padding || from[axis - padding] === 1 ? 0 : elementCount(from.slice(axis - padding + 1)),
  );
}

// How the elements of broadcast operands are walked: axes that all operands step through alike are merged, the innermost one is a
// loop over vectors, the others are the rows. Shapes are compile-time constants.
import { elementCount } from "@attune/tensor-core";

/** One merged axis: its size, and for each operand the elements between neighbours (0 where it repeats). */
export interface LoopAxis {
  readonly size: number;
  readonly strides: readonly number[];
}

/** Merged axes of operands that broadcast to `shape`, the outermost first; at least one. */
export function mergeAxes(shape: readonly number[], operands: readonly (readonly number[])[]): LoopAxis[] {
  const strides = operands.map((operand) => broadcastStrides(operand, shape));
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
  return merged.length > 0 ? merged : [{ size: elementCount(shape), strides: operands.map(() => 0) }];
}

function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const padding = to.length - from.length;
  return to.map((_, axis) =>
    axis < padding || from[axis - padding] === 1 ? 0 : elementCount(from.slice(axis - padding + 1)),
  );
}

// Broadcasting as in NumPy: shapes are aligned at the last axis; a size of 1 repeats.
import { elementCount } from "../../type/tensor-type.ts";
import { shapeMismatch } from "../checks.ts";

/** The shape that all shapes broadcast to. @throws AttuneError `SHAPE_MISMATCH` where they do not broadcast */
export function broadcastShapes(op: string, shapes: readonly (readonly number[])[]): number[] {
  const rank = shapes.reduce((most, shape) => Math.max(most, shape.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1 || own === size) continue;
      if (size !== 1) {
        throw shapeMismatch(
          op,
          `shapes ${shapes.map((each) => `[${each.join(", ")}]`).join(" and ")} do not broadcast.`,
        );
      }
      size = own;
    }
    return size;
  });
}

/** Elements between neighbours along each axis of a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** For every element of `shape` in row-major order, the sum of its coordinates times `strides`. */
export function stridedIndices(shape: readonly number[], strides: readonly number[]): Uint32Array {
  const indices = new Uint32Array(elementCount(shape));
  const place = new Array<number>(shape.length).fill(0);
  let offset = 0;
  for (let index = 0; index < indices.length; index++) {
    indices[index] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]!++;
      offset += strides[axis]!;
      if (place[axis]! < shape[axis]!) break;
      offset -= place[axis]! * strides[axis]!;
      place[axis] = 0;
    }
  }
  return indices;
}

/** For every element of `to`, the element of `from` that it repeats. */
export function broadcastIndices(from: readonly number[], to: readonly number[]): Uint32Array {
  const strides = stridesOf(from);
  const padding = to.length - from.length;
  return stridedIndices(
    to,
    to.map((_, axis) => (axis < padding || from[axis - padding] === 1 ? 0 : strides[axis - padding]!)),
  );
}

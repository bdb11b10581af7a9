import { AttuneError, describeValue } from "@attune/spec";
import { denseFormat } from "./dense-formats.ts";
import { assertDtype, type DType } from "./dtype.ts";
import type { StorageFormat } from "./storage-format.ts";

/** What is known of a tensor before it has values: shape, logical dtype and how bytes hold it. */
export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly format: StorageFormat;
}

/**
 * Builds a tensor type; the format is dense unless given.
 *
 * @throws AttuneError `SHAPE_MISMATCH` for a size that is not a non-negative integer, or that no block of the format divides,
 * `DTYPE_MISMATCH` for a dtype that there is not
 */
export function tensorType(
  shape: readonly number[],
  dtype: DType = "f32",
  format: StorageFormat = denseFormat(dtype),
): TensorType {
  assertDtype(dtype);
  if (!Array.isArray(shape)) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Expected a shape as a list of sizes, but received ${describeValue(shape)}.`,
    );
  }
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `Expected sizes that are non-negative integers, got [${shape.join(", ")}].`,
      );
    }
  }
  if ((shape.at(-1) ?? 1) % format.blockSize !== 0) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Format "${format.id}" holds blocks of ${format.blockSize} along the last axis, got [${shape.join(", ")}].`,
    );
  }
  return { shape, dtype, format };
}

/** Number of elements. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes of all components together. */
export function typeBytes(type: TensorType): number {
  return type.format.components(type.shape).reduce((sum, component) => sum + component.bytes, 0);
}

/** Bytes of so many rows of the first axis, at most all of them. */
export function rowBytes(type: TensorType, rows: number): number {
  const all = type.shape[0]!;
  return all === 0 ? 0 : Math.ceil((typeBytes(type) * Math.min(rows, all)) / all);
}

/** Whether values are stored as the dtype that they are computed with. */
export function isPlain(type: TensorType): boolean {
  return type.format.id === type.dtype;
}

/** Readable form, for instance `f32[2, 8]` or `bf16[4096, 256]`. */
export function formatType(type: TensorType): string {
  return `${type.format.id}[${type.shape.join(", ")}]`;
}

/** True if both hold the same values in the same way. */
export function sameType(left: TensorType, right: TensorType): boolean {
  return left.dtype === right.dtype && left.format.id === right.format.id && sameShape(left.shape, right.shape);
}

/** True if the sizes are equal. */
export function sameShape(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}

// The last axis as rows, which softmax, norms and the loss work on.

import { largestSize } from "../op-def/largest-size.ts";
import { elementCount, type TensorType } from "../type/tensor-type.ts";
import { shapeMismatch } from "./checks.ts";

/** Rows and their length. */
export interface RowExtent {
  readonly rows: number;
  readonly columns: number;
}

/** Splits a shape into its last axis and all before; a scalar is a row of one. */
export function rowExtent(shape: readonly number[]): RowExtent {
  return { rows: elementCount(shape.slice(0, -1)), columns: shape.at(-1) ?? 1 };
}

/** Throws unless there is a last axis with elements. */
export function expectRows(op: string, operand: string, type: TensorType): void {
  if (type.shape.length === 0 || type.shape.at(-1) === 0) {
    throw shapeMismatch(op, `expected ${operand} with elements along its last axis, got [${type.shape.join(", ")}].`);
  }
}

/** Values of one row. */
export function rowOf(values: Float64Array, columns: number, row: number): Float64Array {
  return values.subarray(row * columns, (row + 1) * columns);
}

/** ln Σ e^x of a row; -Infinity where every value is. */
export function logSumExpOf(row: Float64Array): number {
  const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(row.reduce((total, value) => total + Math.exp(value - largest), 0));
}

/**
 * Size of what cancels in m + ln Σ e^(x - m), m the largest x: m itself, which is no farther from the result than ln K, and the √K roundings
 * of the sum, whose logarithm they change by as much however small it is.
 */
export function cancelledInLogSumExp(x: TensorType, logSumExp: Float64Array): number {
  return largestSize(logSumExp) + Math.sqrt(x.shape.at(-1)!);
}

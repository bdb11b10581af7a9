// What the ops' shape inference has in common: errors that name the op and the operand.
import { AttuneError } from "@attune/spec";
import type { Tensor } from "../graph/tensor.ts";
import type { DType } from "../type/dtype.ts";
import { formatType, sameShape, type TensorType } from "../type/tensor-type.ts";

/** A SHAPE_MISMATCH error that names the op. */
export function shapeMismatch(op: string, sentence: string): AttuneError {
  return new AttuneError("SHAPE_MISMATCH", `Op "${op}": ${sentence}`);
}

/** Throws unless `type` has `rank` axes. */
export function expectRank(op: string, operand: string, type: TensorType, rank: number): void {
  if (type.shape.length !== rank) {
    throw shapeMismatch(op, `expected ${operand} with ${rank} axes, got ${formatType(type)}.`);
  }
}

/** Throws unless `type` has at least `rank` axes. */
export function expectMinimumRank(op: string, operand: string, type: TensorType, rank: number): void {
  if (type.shape.length < rank) {
    throw shapeMismatch(op, `expected ${operand} with at least ${rank} axes, got ${formatType(type)}.`);
  }
}

/** Throws unless `type` has exactly this shape. */
export function expectShape(op: string, operand: string, type: TensorType, shape: readonly number[]): void {
  if (!sameShape(type.shape, shape)) {
    throw shapeMismatch(op, `expected ${operand} of shape [${shape.join(", ")}], got ${formatType(type)}.`);
  }
}

/** Throws unless `type` has this logical dtype. */
export function expectDtype(op: string, operand: string, type: TensorType, dtype: DType): void {
  if (type.dtype !== dtype) {
    throw new AttuneError(
      "DTYPE_MISMATCH",
      `Op "${op}": expected ${operand} of dtype ${dtype}, got ${formatType(type)}.`,
    );
  }
}

/** An axis counted from the front; negative ones count from the end. */
export function resolveAxis(op: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw shapeMismatch(op, `axis ${axis} is outside a tensor of ${rank} axes.`);
  }
  return resolved;
}

/** Throws if a gradient arrives at an output that exists for the backward pass alone. */
export function refuseCotangent(op: string, output: string, cotangent: Tensor | undefined): void {
  if (cotangent === undefined) return;
  throw new AttuneError("INPUT_INVALID", `Op "${op}": no gradient is defined through its output ${output}.`, {
    hint: `Put stopGradient around ${output}, or compute it with other ops.`,
  });
}

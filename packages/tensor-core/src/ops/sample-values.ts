// Values of op samples: reproducible, exact in f32, and named by the place they stand in.
import type { OpSample } from "../op-def/op-def.ts";
import type { StorageFormat } from "../type/storage-format.ts";
import { elementCount, tensorType } from "../type/tensor-type.ts";
import { createRandomSequence } from "./philox.ts";

/** One operand of a sample. */
export type SampleInput = OpSample<never>["inputs"][number];

/** f32 values, uniform in [low, high). */
export function floats(
  name: string,
  shape: readonly number[],
  low = -2,
  high = 2,
  format?: StorageFormat,
): SampleInput {
  const random = createRandomSequence(1, name);
  const values = Float32Array.from({ length: elementCount(shape) }, () => low + (high - low) * random.uniform());
  return { type: tensorType(shape, "f32", format), values };
}

/** i32 values in [low, high). */
export function integers(name: string, shape: readonly number[], low: number, high: number): SampleInput {
  const random = createRandomSequence(2, name);
  const values = Int32Array.from({ length: elementCount(shape) }, () => low + random.integer(high - low));
  return { type: tensorType(shape, "i32"), values };
}

/** Given f32 values. */
export function exactFloats(shape: readonly number[], values: readonly number[]): SampleInput {
  return { type: tensorType(shape), values };
}

/** NaN, infinities, both zeros and finite values in turn. */
export function nonFinite(shape: readonly number[]): SampleInput {
  const values = [Number.NaN, 1, Number.POSITIVE_INFINITY, -0, Number.NEGATIVE_INFINITY, 0, 2];
  return exactFloats(
    shape,
    Array.from({ length: elementCount(shape) }, (_, index) => values[index % values.length]!),
  );
}

/** Large u32 values, which no f32 holds. */
export function words(shape: readonly number[]): SampleInput {
  return exactWords(
    shape,
    Array.from({ length: elementCount(shape) }, (_, index) => 2 ** 32 - 1 - index),
  );
}

/** Given i32 values. */
export function exactIntegers(shape: readonly number[], values: readonly number[]): SampleInput {
  return { type: tensorType(shape, "i32"), values };
}

/** Given u32 values. */
export function exactWords(shape: readonly number[], values: readonly number[]): SampleInput {
  return { type: tensorType(shape, "u32"), values };
}

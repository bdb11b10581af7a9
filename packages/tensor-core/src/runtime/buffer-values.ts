// Values in and out of buffers, as the format of their type says.
import { AttuneError, describeValue } from "@attune/spec";
import type { DType } from "../type/dtype.ts";
import { elementCount, formatType, isPlain, type TensorType } from "../type/tensor-type.ts";

/** Values as the host holds them. */
export type HostValues = Float32Array | Int32Array | Uint32Array;

/** The array that holds values of a dtype on the host. */
export const hostArrays: Readonly<
  Record<DType, Float32ArrayConstructor | Int32ArrayConstructor | Uint32ArrayConstructor>
> = { f32: Float32Array, i32: Int32Array, u32: Uint32Array };

/**
 * Bytes of each component of `values`.
 *
 * @throws AttuneError `SHAPE_MISMATCH` for another count, `DTYPE_MISMATCH` where only a quantiser can encode, `INPUT_INVALID` for an integer
 * type and a value that is none
 */
export function encodeValues(values: ArrayLike<number>, type: TensorType, name: string): readonly Uint8Array[] {
  if (typeof (values as Partial<ArrayLike<number>> | null)?.length !== "number") {
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected the values of "${name}" as an array of numbers, but received ${describeValue(values)}.`,
    );
  }
  if (values.length !== elementCount(type.shape)) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `"${name}" is ${formatType(type)} with ${elementCount(type.shape)} values, got ${values.length}.`,
    );
  }
  if (isPlain(type) && values instanceof hostArrays[type.dtype]) {
    const view = values as unknown as HostValues;
    return [new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
  }
  if (Array.isArray(values) || values instanceof BigInt64Array || values instanceof BigUint64Array)
    assertNumbers(values, name);
  if (type.dtype !== "f32") assertIntegers(values, type.dtype, name);
  if (!type.format.encode) {
    throw new AttuneError(
      "DTYPE_MISMATCH",
      `Format "${type.format.id}" of "${name}" cannot be encoded without its quantiser.`,
    );
  }
  return type.format.encode(values, type.shape);
}

/** Values of a dense tensor from its bytes. */
export function decodeDense(bytes: Uint8Array, dtype: DType): HostValues {
  const copy = bytes.slice();
  return new hostArrays[dtype](copy.buffer, 0, copy.byteLength / 4);
}

/** Texts, lists and gaps would become NaN. */
function assertNumbers(values: ArrayLike<unknown>, name: string): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === "number") continue;
    const received = typeof value === "bigint" ? `${value}n` : describeValue(value);
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected the values of "${name}" as numbers, but received ${received} at ${index}.`,
      {
        hint: "Values are one list in row-major order, of numbers.",
      },
    );
  }
}

/** Typed arrays would cut other numbers off, and take them modulo 2^32. */
function assertIntegers(values: ArrayLike<number>, dtype: "i32" | "u32", name: string): void {
  const [low, high] = dtype === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (Number.isInteger(value) && value >= low && value <= high) continue;
    throw new AttuneError(
      "INPUT_INVALID",
      `"${name}" is ${dtype}: expected integers from ${low} to ${high}, but received ${describeValue(value)} at ${index}.`,
    );
  }
}

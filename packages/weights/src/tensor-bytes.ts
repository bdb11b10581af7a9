import { AttuneError } from "@attune/spec";
import { float8Values } from "./float8-conversion.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half-conversion.ts";
import { dtypeByteSize, type WeightDtype } from "./weight-dtype.ts";

/** Element types that float32 values can be stored as. */
export type FloatDtype = "F64" | "F32" | "F16" | "BF16";

/**
 * Turns the bytes of a tensor (little-endian, any element type) into float32 values, [n]. F64 and integers are rounded
 * to nearest, F16, BF16 and the 8-bit floats are exact, BOOL gives 0 or 1. The target may lie on shared memory.
 * Throws `SHAPE_MISMATCH` when the bytes or the target have another length.
 */
export function bytesToFloat32(bytes: Uint8Array, dtype: WeightDtype, target?: Float32Array): Float32Array {
  const size = dtypeByteSize(dtype);
  const length = bytes.byteLength / size;
  if (!Number.isInteger(length) || (target !== undefined && target.length !== length)) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Expected ${size} bytes for each ${dtype} element and a target of that many elements, but received ${bytes.byteLength} bytes${target ? ` and a target of ${target.length}` : ""}.`,
    );
  }
  const values = target ?? new Float32Array(length);
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  switch (dtype) {
    case "F16":
      return float16ToFloat32(new Uint16Array(buffer, byteOffset, length), values);
    case "BF16":
      return bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, length), values);
    case "I64":
      return copyBigints(new BigInt64Array(buffer, byteOffset, length), values);
    case "U64":
      return copyBigints(new BigUint64Array(buffer, byteOffset, length), values);
    default:
      return copyNumbers(numbersOf(buffer, byteOffset, length, dtype), values, float8Values(dtype));
  }
}

/**
 * Turns float32 values into the bytes of a tensor, rounding to nearest even where the type is narrower. Throws `DTYPE_MISMATCH` for a type
 * that is no float.
 */
export function float32ToBytes(values: Float32Array, dtype: FloatDtype): Uint8Array {
  const stored = narrow(values, dtype);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

function narrow(values: Float32Array, dtype: FloatDtype): Float64Array | Float32Array | Uint16Array {
  switch (dtype) {
    case "F64":
      return Float64Array.from(values);
    case "F32":
      return values.slice();
    case "F16":
      return float32ToFloat16(values);
    case "BF16":
      return float32ToBfloat16(values);
    default:
      throw new AttuneError("DTYPE_MISMATCH", `Expected F64, F32, F16 or BF16, but received ${String(dtype)}.`);
  }
}

type Numbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

function numbersOf(buffer: ArrayBufferLike, byteOffset: number, length: number, dtype: WeightDtype): Numbers {
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, byteOffset, length);
    case "F32":
      return new Float32Array(buffer, byteOffset, length);
    case "I32":
      return new Int32Array(buffer, byteOffset, length);
    case "U32":
      return new Uint32Array(buffer, byteOffset, length);
    case "I16":
      return new Int16Array(buffer, byteOffset, length);
    case "U16":
      return new Uint16Array(buffer, byteOffset, length);
    case "I8":
      return new Int8Array(buffer, byteOffset, length);
    default:
      return new Uint8Array(buffer, byteOffset, length);
  }
}

function copyNumbers(source: Numbers, target: Float32Array, table: Float32Array | undefined): Float32Array {
  if (!table) target.set(source);
  else for (let i = 0; i < target.length; i++) target[i] = table[source[i]!]!;
  return target;
}

function copyBigints(source: BigInt64Array | BigUint64Array, target: Float32Array): Float32Array {
  for (let i = 0; i < target.length; i++) target[i] = Number(source[i]!);
  return target;
}

// Values in and out of buffers, as the format of their type says.
import { AttuneError } from "@attune/spec";
import type { DType } from "../type/dtype.ts";
import { elementCount, formatType, isPlain, type TensorType } from "../type/tensor-type.ts";

/** Values as the host holds them. */
export type HostValues = Float32Array | Int32Array | Uint32Array;

/** Bytes of each component of `values`. @throws AttuneError `SHAPE_MISMATCH` for another count, `DTYPE_MISMATCH` where only a quantiser can encode */
export function encodeValues(values: ArrayLike<number>, type: TensorType, name: string): readonly Uint8Array[] {
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

const hostArrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

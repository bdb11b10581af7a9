// The formats that store each value on its own: f32, i32, u32, bf16 and f16.
import {
  bfloat16Decoder,
  bfloat16Runs,
  bfloat16Wgsl,
  float16Decoder,
  float16Runs,
  float16Wgsl,
  float32Decoder,
  float32Runs,
  float32Wgsl,
} from "../kernel/dense-decoders.ts";
import type { DType } from "./dtype.ts";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./half-float.ts";
import type { StorageFormat } from "./storage-format.ts";

interface DenseOptions {
  readonly id: string;
  readonly dtype: DType;
  readonly bytes: 2 | 4;
  readonly view: (buffer: Uint8Array) => ArrayLike<number> & { [index: number]: number };
  readonly read?: (stored: number) => number;
  readonly write?: (value: number) => number;
  readonly decoders: StorageFormat["decoders"];
}

function dense({ id, dtype, bytes, view, read, write, decoders }: DenseOptions): StorageFormat {
  const size = (shape: readonly number[]): number => Math.ceil((shape.reduce((a, b) => a * b, 1) * bytes) / 4) * 4;
  return {
    kind: "storage-format",
    specificationVersion: 1,
    id,
    dtype,
    blockSize: 1,
    components: (shape) => [{ name: "values", bytes: size(shape) }],
    decode(components, shape) {
      const stored = view(components[0]!);
      const values = new Float64Array(shape.reduce((a, b) => a * b, 1));
      for (let index = 0; index < values.length; index++) values[index] = read ? read(stored[index]!) : stored[index]!;
      return values;
    },
    encode(values, shape) {
      const buffer = new Uint8Array(size(shape));
      const stored = view(buffer);
      for (let index = 0; index < values.length; index++)
        stored[index] = write ? write(values[index]!) : values[index]!;
      return [buffer];
    },
    decoders,
  };
}

/** A view of `bytes` at any alignment: copies only where the offset is not a multiple of the element size. */
function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}

const words = (bytes: Uint8Array): Uint16Array => {
  const source = aligned(bytes, 2);
  return new Uint16Array(source.buffer, source.byteOffset, source.byteLength >>> 1);
};

/** 32-bit IEEE floats. */
export const float32: StorageFormat = dense({
  id: "f32",
  dtype: "f32",
  bytes: 4,
  view: (bytes) => {
    const source = aligned(bytes, 4);
    return new Float32Array(source.buffer, source.byteOffset, source.byteLength >>> 2);
  },
  decoders: { cpu: float32Decoder, cpuRuns: float32Runs, wgsl: float32Wgsl },
});

/** The upper 16 bits of a float32: range of f32, 8 bits of precision. */
export const bfloat16: StorageFormat = dense({
  id: "bf16",
  dtype: "f32",
  bytes: 2,
  view: words,
  read: fromBfloat16,
  write: toBfloat16,
  decoders: { cpu: bfloat16Decoder, cpuRuns: bfloat16Runs, wgsl: bfloat16Wgsl },
});

/** IEEE binary16: 11 bits of precision, largest value 65504. */
export const float16: StorageFormat = dense({
  id: "f16",
  dtype: "f32",
  bytes: 2,
  view: words,
  read: fromFloat16,
  write: toFloat16,
  decoders: { cpu: float16Decoder, cpuRuns: float16Runs, wgsl: float16Wgsl },
});

/** 32-bit signed integers. */
export const int32: StorageFormat = dense({
  id: "i32",
  dtype: "i32",
  bytes: 4,
  view: (bytes) => {
    const source = aligned(bytes, 4);
    return new Int32Array(source.buffer, source.byteOffset, source.byteLength >>> 2);
  },
  decoders: {},
});

/** 32-bit unsigned integers. */
export const uint32: StorageFormat = dense({
  id: "u32",
  dtype: "u32",
  bytes: 4,
  view: (bytes) => {
    const source = aligned(bytes, 4);
    return new Uint32Array(source.buffer, source.byteOffset, source.byteLength >>> 2);
  },
  decoders: {},
});

/** The plain format of a dtype. */
export function denseFormat(dtype: DType): StorageFormat {
  return dtype === "f32" ? float32 : dtype === "i32" ? int32 : uint32;
}

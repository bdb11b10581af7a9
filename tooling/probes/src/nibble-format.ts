// A toy 4-bit format as a plugin would bring it: blocks of 8 values share one f32 scale; a code c in 0..15 means (c - 8) · scale.
import type { StorageFormat } from "@attune/tensor-core";

const blockSize = 8;

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Codes, eight to a 32-bit word, and one scale a block. */
export const nibbleFormat: StorageFormat = {
  kind: "storage-format",
  specificationVersion: 1,
  id: "probe-nibble",
  dtype: "f32",
  blockSize,
  components: (shape) => [
    { name: "codes", bytes: countOf(shape) / 2 },
    { name: "scales", bytes: (countOf(shape) / blockSize) * 4 },
  ],
  decode([codes, scales], shape) {
    const scale = new Float32Array(scales!.slice().buffer);
    return Float64Array.from({ length: countOf(shape) }, (_, index) => {
      const code = (codes![index >> 1]! >> (4 * (index & 1))) & 15;
      return (code - 8) * scale[Math.floor(index / blockSize)]!;
    });
  },
  decoders: {},
};

/** Encodes values whose blocks are multiples of their scale, exactly. */
export function encodeNibbles(codes: readonly number[], scales: readonly number[]): Uint8Array[] {
  const packed = new Uint8Array(codes.length / 2);
  codes.forEach((code, index) => {
    packed[index >> 1]! |= code << (4 * (index & 1));
  });
  return [packed, new Uint8Array(Float32Array.from(scales).buffer)];
}

// A 4-bit format as a plugin would bring it: a scale a block of 32, value = scale · (code - 8). Neighbours' codes lie in one byte, the
// first below.
import { type CpuRunDecoder, elementCount, type StorageFormat } from "@attune/tensor-core";
import { address, f32x4, i32, i32x4, load, v128 } from "@attune/tensor-core/wasm";

const blockSize = 32;

/**
 * Sixteen codes: four in each lane, of which each vector masks out its own. What is still in front of a code is a power of two, and
 * 8 is subtracted from all codes of a block at once.
 */
const runs: CpuRunDecoder = {
  length: 16,
  order: [0, 1, 2, 3].flatMap((place) => [0, 4, 8, 12].map((lane) => lane + place)),
  exponents: [0, -4, -8, -12],
  shift: -8,
  decode(f, { address, offset }) {
    const words = f.keep(load("widen16U", address(0, 4), offset / 2));
    return [0xf, 0xf0, 0xf00, 0xf000].map((mask) => f32x4.convertS(v128.and(words, f.hoisted(i32x4.constant(mask)))));
  },
  pairFactor: (_f, { address, offset }) => load("splat32", address(1, 1), offset / 8),
};

/** The format, for both backends. */
export const nibbleBlocks: StorageFormat = {
  kind: "storage-format",
  specificationVersion: 1,
  id: "nibble-blocks",
  dtype: "f32",
  blockSize,
  components: (shape) => [
    { name: "codes", bytes: elementCount(shape) / 2 },
    { name: "scales", bytes: (elementCount(shape) / blockSize) * 4 },
  ],
  decode([codes, scaleBytes], shape) {
    const scale = new Float32Array(scaleBytes!.slice().buffer);
    return Float64Array.from({ length: elementCount(shape) }, (_, index) => {
      const code = (codes![index >> 1]! >> (4 * (index & 1))) & 15;
      return scale[Math.floor(index / blockSize)]! * (code - 8);
    });
  },
  encode(values, shape) {
    const codes = new Uint8Array(elementCount(shape) / 2);
    const scale = new Float32Array(elementCount(shape) / blockSize);
    for (let block = 0; block < scale.length; block++) {
      let largest = 0;
      for (let index = 0; index < blockSize; index++)
        largest = Math.max(largest, Math.abs(values[block * blockSize + index]!));
      scale[block] = Math.fround(largest / 7 || 1);
      for (let place = block * blockSize; place < (block + 1) * blockSize; place++)
        codes[place >> 1]! |= (Math.round(values[place]! / scale[block]!) + 8) << (4 * (place & 1));
    }
    return [codes, new Uint8Array(scale.buffer)];
  },
  decoders: {
    cpu(f, { components: [codes, scale], element }) {
      const half = i32x4.splat(load("i32From16U", address.at(codes!, i32.shrU(element, 1), 1)));
      const spread = v128.and(
        i32x4.mul(half, f.hoisted(i32x4.constant(1 << 12, 1 << 8, 1 << 4, 1))),
        f.hoisted(i32x4.constant(0xf000)),
      );
      const codesOf4 = f32x4.convertS(i32x4.sub(i32x4.shrU(spread, 12), f.hoisted(i32x4.constant(8))));
      return f32x4.mul(codesOf4, load("splat32", address.at(scale!, i32.shrU(element, 5), 4)));
    },
    cpuRuns: runs,
    wgsl: `  let codes = component0[element / 8u] >> (4u * (element % 8u));
  let scale = bitcast<f32>(component1[element / 32u]);
  return scale * (vec4f((vec4u(codes) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) - 8f);
`,
  },
};

// An 8-bit format as a plugin would bring it: signed bytes and a scale a row, value = scale · code.
import { type CpuRunDecoder, elementCount, type StorageFormat } from "@attune/tensor-core";
import { address, f32x4, i8x16, i32, i32x4, load, v128 } from "@attune/tensor-core/wasm";

/** Sixteen codes, four in each lane, brought to the upper end where the sign is. */
const runs = (columns: number): CpuRunDecoder => ({
  length: 16,
  order: [0, 1, 2, 3].flatMap((place) => [0, 4, 8, 12].map((lane) => lane + place)),
  exponents: [-24, -24, -24, -24],
  decode(f, { address, offset }) {
    const words = f.keep(load("v128", address(0, 8), offset));
    const upper = f.hoisted(i32x4.constant(0xff000000));
    return [
      i32x4.shl(words, 24),
      v128.and(i32x4.shl(words, 16), upper),
      v128.and(i32x4.shl(words, 8), upper),
      v128.and(words, upper),
    ].map((codes) => f32x4.convertS(codes));
  },
  rowFactor: (_f, { components, element }) =>
    load("splat32", address.at(components[1]!, i32.divU(element, columns), 4)),
});

/** The format of matrices with `columns` columns, a multiple of 4, for both backends. */
export function byteRows(columns: number): StorageFormat {
  return {
    kind: "storage-format",
    specificationVersion: 1,
    id: "byte-rows",
    dtype: "f32",
    blockSize: 4,
    components: (shape) => [
      { name: "codes", bytes: elementCount(shape) },
      { name: "scales", bytes: (elementCount(shape) / columns) * 4 },
    ],
    decode([codes, scaleBytes], shape) {
      const scale = new Float32Array(scaleBytes!.slice().buffer);
      const signed = new Int8Array(codes!.slice().buffer);
      return Float64Array.from({ length: elementCount(shape) }, (_, index) => {
        return scale[Math.floor(index / columns)]! * signed[index]!;
      });
    },
    encode(values, shape) {
      const codes = new Int8Array(elementCount(shape));
      const scale = new Float32Array(elementCount(shape) / columns);
      for (let row = 0; row < scale.length; row++) {
        let largest = 0;
        for (let column = 0; column < columns; column++)
          largest = Math.max(largest, Math.abs(values[row * columns + column]!));
        scale[row] = Math.fround(largest / 127 || 1);
        for (let place = row * columns; place < (row + 1) * columns; place++)
          codes[place] = Math.round(values[place]! / scale[row]!);
      }
      return [new Uint8Array(codes.buffer), new Uint8Array(scale.buffer)];
    },
    decoders: {
      cpu(f, { components: [codes, scale], element }) {
        const bytes = load("splat32", address.at(codes!, element, 1));
        const upper = f.hoisted(i8x16.constant(16, 16, 16, 0, 16, 16, 16, 1, 16, 16, 16, 2, 16, 16, 16, 3));
        const values = f32x4.convertS(i32x4.shrS(i8x16.swizzle(bytes, upper), 24));
        return f32x4.mul(values, load("splat32", address.at(scale!, i32.divU(element, columns), 4)));
      },
      cpuRuns: runs(columns),
      wgsl: `  let codes = vec4i(bitcast<i32>(component0[element / 4u]));
  let scale = bitcast<f32>(component1[element / ${columns}u]);
  return scale * vec4f((codes << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
`,
    },
  };
}

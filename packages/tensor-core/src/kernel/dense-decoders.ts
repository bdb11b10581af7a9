// Decode snippets of the dense formats, for both backends. All of them take any element, aligned or not.
import { address, f32x4, i32x4, load, type Value, v128 } from "../wasm/index.ts";
import type { CpuDecoder, CpuRunDecoder } from "./cpu-kernel.ts";

/** f32 as it is. */
export const float32Decoder: CpuDecoder = (_builder, { components, element }) =>
  load("v128", address.at(components[0]!, element, 4));

/** bf16 is the upper half of a float32. */
export const bfloat16Decoder: CpuDecoder = (_builder, { components, element }) =>
  i32x4.shl(load("widen16U", address.at(components[0]!, element, 2)), 16);

/**
 * f16 by exponent arithmetic: the 15 lower bits, shifted to a float32's place, hold the value times 2^-112, exactly, subnormals
 * included; infinities and NaN then need the full exponent, and the sign is moved apart.
 */
export const float16Decoder: CpuDecoder = (builder, { components, element }) => {
  const bits = builder.keep(load("widen16U", address.at(components[0]!, element, 2)));
  const word = (value: number): Value<"v128"> => builder.hoisted(i32x4.constant(value));
  const magnitude = builder.keep(v128.and(bits, word(0x7fff)));
  const scaled = f32x4.mul(i32x4.shl(magnitude, 13), builder.hoisted(f32x4.constant(2 ** 112)));
  const special = v128.and(i32x4.gtS(magnitude, word(0x7bff)), word(0x7f800000));
  const sign = i32x4.shl(v128.and(bits, word(0x8000)), 16);
  return v128.or(v128.or(scaled, special), sign);
};

/** f32 as it is, a vector at a time. */
export const float32Runs: CpuRunDecoder = {
  length: 4,
  order: [0, 1, 2, 3],
  exponents: [0],
  decode: (_builder, { address, offset }) => [load("v128", address(0, 32), 4 * offset)],
};

/** Words of two halves hold an even element below and an odd one above. */
const evenThenOdd: readonly number[] = [0, 2, 4, 6, 1, 3, 5, 7];

/** Eight bf16: the upper half of a word is an f32 once the lower is cleared, the lower once it is moved up. */
export const bfloat16Runs: CpuRunDecoder = {
  length: 8,
  order: evenThenOdd,
  exponents: [0, 0],
  decode(builder, { address, offset }) {
    const words = builder.keep(load("v128", address(0, 16), 2 * offset));
    return [i32x4.shl(words, 16), v128.and(words, builder.hoisted(i32x4.constant(0xffff0000)))];
  },
};

/**
 * Eight f16, by the arithmetic of `float16Decoder` on the upper half of a word. Of the factor 2^112, a half is left to the product and
 * the other to its sum, so that neither leaves the range of f32 before |x| is 2^72.
 */
export const float16Runs: CpuRunDecoder = {
  length: 8,
  order: evenThenOdd,
  exponents: [56, 56],
  decode(builder, { address, offset }) {
    const words = builder.keep(load("v128", address(0, 16), 2 * offset));
    const word = (value: number): Value<"v128"> => builder.hoisted(i32x4.constant(value));
    return [builder.keep(i32x4.shl(words, 16)), words].map((upper) => {
      const scaled = v128.and(i32x4.shrS(upper, 3), word(0x8fffe000));
      const magnitude = v128.and(upper, word(0x7fff0000));
      return v128.or(scaled, v128.and(i32x4.gtS(magnitude, word(0x7bffffff)), word(0x7f800000)));
    });
  },
  rowFactor: (builder) => builder.hoisted(f32x4.constant(2 ** 56)),
};

/** f32 as it is. */
export const float32Wgsl: string = `  return vec4f(
    bitcast<f32>(component0[element]),
    bitcast<f32>(component0[element + 1u]),
    bitcast<f32>(component0[element + 2u]),
    bitcast<f32>(component0[element + 3u]),
  );
`;

/** Four halves of words from any half on, as the lower 16 bits of a vector. */
const fourHalves = `  let word = element / 2u;
  let first = component0[word];
  let second = component0[word + 1u];
  var halves = vec4u(first & 0xffffu, first >> 16u, second & 0xffffu, second >> 16u);
  if ((element & 1u) == 1u) {
    halves = vec4u(halves.yzw, component0[word + 2u] & 0xffffu);
  }
`;

/** bf16 is the upper half of a float32. */
export const bfloat16Wgsl: string = `${fourHalves}  return bitcast<vec4f>(halves << vec4u(16u));
`;

/** f16 by the arithmetic of the CPU's snippet, so that subnormals are exact on every device. */
export const float16Wgsl: string = `${fourHalves}  let magnitude = halves & vec4u(0x7fffu);
  let scaled = bitcast<vec4u>(bitcast<vec4f>(magnitude << vec4u(13u)) * 5.192296858534828e33f);
  let special = select(vec4u(0u), vec4u(0x7f800000u), magnitude > vec4u(0x7bffu));
  return bitcast<vec4f>(scaled | special | ((halves & vec4u(0x8000u)) << vec4u(16u)));
`;

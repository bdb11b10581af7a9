// CPU decode snippets of the dense formats. All of them take any element, aligned or not.
import { address, f32x4, i32x4, load, type Value, v128 } from "../wasm/index.ts";
import type { CpuDecoder } from "./cpu-kernel.ts";

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
  const magnitude = v128.and(bits, i32x4.constant(0x7fff));
  const scaled: Value<"v128"> = f32x4.mul(i32x4.shl(magnitude, 13), 2 ** 112);
  const special = v128.and(i32x4.gtU(magnitude, i32x4.constant(0x7bff)), i32x4.constant(0x7f800000));
  const sign = i32x4.shl(v128.and(bits, i32x4.constant(0x8000)), 16);
  return v128.or(v128.or(scaled, special), sign);
};

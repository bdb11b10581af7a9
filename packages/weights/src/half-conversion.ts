/**
 * Conversion between 32-bit floats and the two 16-bit formats.
 *
 * float16 (IEEE 754 binary16): 1 sign, 5 exponent (bias 15), 10 mantissa bits, with subnormals.
 * bfloat16: the upper half of a float32: 1 sign, 8 exponent, 7 mantissa bits.
 * Narrowing rounds to nearest, ties to even; overflow gives infinity; NaN stays NaN and quiet.
 */
import { AttuneError } from "@attune/spec";

/**
 * Rounds float32 values to float16 bits, [n] to [n]. The target may lie on shared memory. Throws `SHAPE_MISMATCH` for a target of another
 * length.
 */
export function float32ToFloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  checkLengths(source.length, target.length);
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) target[i] = float16BitsOf(bits[i]!);
  return target;
}

function float16BitsOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000)
    return magnitude > 0x7f800000 ? sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff) : sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: rebias the exponent by 127 - 15, then round the 13 bits that go; a carry runs into the exponent.
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const kept = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/**
 * Widens float16 bits to float32 values, exactly, [n] to [n]. The target may lie on shared memory. Throws `SHAPE_MISMATCH` for a target of
 * another length.
 */
export function float16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  checkLengths(source.length, target.length);
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) bits[i] = float32BitsOfFloat16(source[i]!);
  return target;
}

function float32BitsOfFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = half & 0x7c00;
  const mantissa = half & 0x3ff;
  if (exponent === 0x7c00) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | (((half & 0x7fff) << 13) + 0x38000000);
  if (mantissa === 0) return sign;
  // Subnormal: the leading one moves to the implicit place.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | ((mantissa << (13 + shift)) & 0x7fffff);
}

/**
 * Rounds float32 values to bfloat16 bits, [n] to [n]. The target may lie on shared memory. Throws `SHAPE_MISMATCH` for a target of another
 * length.
 */
export function float32ToBfloat16(
  source: Float32Array,
  target: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  checkLengths(source.length, target.length);
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i]!;
    const notANumber = (value & 0x7fffffff) > 0x7f800000;
    // A NaN must not be rounded up to infinity or beyond: keep its upper half and make it quiet.
    target[i] = notANumber ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return target;
}

/**
 * Widens bfloat16 bits to float32 values, exactly, [n] to [n]. The target may lie on shared memory. Throws `SHAPE_MISMATCH` for a target
 * of another length.
 */
export function bfloat16ToFloat32(
  source: Uint16Array,
  target: Float32Array = new Float32Array(source.length),
): Float32Array {
  checkLengths(source.length, target.length);
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) bits[i] = source[i]! << 16;
  return target;
}

function checkLengths(source: number, target: number): void {
  if (source === target) return;
  throw new AttuneError("SHAPE_MISMATCH", `Expected a target of ${source} elements, but received one of ${target}.`);
}

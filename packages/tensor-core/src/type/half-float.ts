// IEEE 754 binary16 and bfloat16, both ways, round to nearest even. bf16 is the upper half of a float32.

const scratch = new ArrayBuffer(4);
const asFloat = new Float32Array(scratch);
const asBits = new Uint32Array(scratch);

/** The bf16 bits nearest to `value`; NaN stays a quiet NaN. */
export function toBfloat16(value: number): number {
  asFloat[0] = value;
  const bits = asBits[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of bf16 bits. */
export function fromBfloat16(bits: number): number {
  asBits[0] = bits << 16;
  return asFloat[0]!;
}

/** The f16 bits nearest to `value`; overflow gives infinity, NaN stays a quiet NaN. */
export function toFloat16(value: number): number {
  asFloat[0] = value;
  const bits = asBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude < 0x38800000) return sign | Math.round(roundHalfEven(asAbsolute(magnitude) * 2 ** 24));
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000;
  return sign | (rounded >>> 13);
}

/** The value of f16 bits. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function asAbsolute(magnitude: number): number {
  asBits[0] = magnitude;
  return asFloat[0]!;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const remainder = value - floor;
  if (remainder !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

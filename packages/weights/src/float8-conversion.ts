/**
 * The 8-bit float formats of safetensors, as tables of their 256 values.
 *
 * E4M3 (bias 7) and E5M2 (bias 15) after Micikevicius et al. 2022, arXiv:2209.05433: E4M3 has no infinity and one NaN
 * per sign; E5M2 follows IEEE 754. The FNUZ variants have no negative zero (0x80 is the only NaN) and a bias one
 * larger. E8M0 (OCP microscaling) is a bare exponent 2^(byte - 127), 0xff is NaN.
 */
import type { WeightDtype } from "./weight-dtype.ts";

interface Float8Layout {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** Which codes are not finite numbers. */
  readonly special: (byte: number) => number | undefined;
}

const fnuz = (byte: number): number | undefined => (byte === 0x80 ? Number.NaN : undefined);

const layouts: ReadonlyMap<WeightDtype, Float8Layout> = new Map<WeightDtype, Float8Layout>([
  [
    "F8_E4M3",
    { exponentBits: 4, mantissaBits: 3, bias: 7, special: (byte) => ((byte & 0x7f) === 0x7f ? Number.NaN : undefined) },
  ],
  ["F8_E4M3FNUZ", { exponentBits: 4, mantissaBits: 3, bias: 8, special: fnuz }],
  [
    "F8_E5M2",
    {
      exponentBits: 5,
      mantissaBits: 2,
      bias: 15,
      special: (byte) => {
        if ((byte & 0x7c) !== 0x7c) return undefined;
        if ((byte & 3) !== 0) return Number.NaN;
        return byte & 0x80 ? -Infinity : Infinity;
      },
    },
  ],
  ["F8_E5M2FNUZ", { exponentBits: 5, mantissaBits: 2, bias: 16, special: fnuz }],
]);

/** Returns the value of each of the 256 codes of an 8-bit float format, or undefined for any other type. */
export function float8Values(dtype: WeightDtype): Float32Array | undefined {
  if (dtype === "F8_E8M0")
    return Float32Array.from({ length: 256 }, (_, byte) => (byte === 255 ? Number.NaN : 2 ** (byte - 127)));
  const layout = layouts.get(dtype);
  return layout && Float32Array.from({ length: 256 }, (_, byte) => layout.special(byte) ?? finiteValue(byte, layout));
}

function finiteValue(byte: number, { exponentBits, mantissaBits, bias }: Float8Layout): number {
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte >>> mantissaBits) & ((1 << exponentBits) - 1);
  const fraction = (byte & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

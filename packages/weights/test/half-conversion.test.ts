import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  bytesToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToBytes,
  float32ToFloat16,
  type WeightDtype,
} from "../src/index.ts";

const allCodes = Uint16Array.from({ length: 65536 }, (_, code) => code);

/** The value of float16 bits, from the definition. */
function float16Value(code: number): number {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >> 10) & 31;
  const fraction = (code & 1023) / 1024;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** Nearest of the finite codes, ties to the even one, found by search. */
function nearest(value: number, decode: (code: number) => number, infinity: number): number {
  if (Number.isNaN(value)) return -1;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (decode(middle) <= magnitude) low = middle;
    else high = middle;
  }
  // The code of infinity stands for the next power of two when it is rounded to.
  const above = high === infinity ? 2 * decode(infinity - 1) - decode(infinity - 2) : decode(high);
  const under = magnitude - decode(low);
  const over = above - magnitude;
  return sign | (over < under || (over === under && high % 2 === 0) || magnitude === Infinity ? high : low);
}

const bfloat16Value = (code: number): number => bfloat16ToFloat32(Uint16Array.of(code))[0]!;

describe("float16", () => {
  it("widens each of the 65,536 codes to its value and narrows it back", () => {
    const values = float16ToFloat32(allCodes);
    for (const code of allCodes) expect(Object.is(values[code], float16Value(code))).toBe(true);
    const back = float32ToFloat16(values);
    for (const code of allCodes) {
      if (Number.isNaN(values[code])) expect(back[code]! & 0x7e00).toBe(0x7e00);
      else expect(back[code]).toBe(code);
    }
  });

  it("rounds any float32 to the nearest code, ties to even", () => {
    const check = (value: number): void => {
      const single = Math.fround(value);
      const code = float32ToFloat16(Float32Array.of(single))[0]!;
      if (Number.isNaN(single)) expect((code & 0x7c00) === 0x7c00 && (code & 0x3ff) !== 0).toBe(true);
      else expect(code).toBe(nearest(single, float16Value, 0x7c00));
    };
    for (const edge of [65504, 65519.99, 65520, 65536, 1e30, 2 ** -14, 2 ** -24, 2 ** -25, 1.5 * 2 ** -25, 2 ** -26]) {
      for (const value of [edge, -edge]) check(value);
    }
    check(2 ** -24 * 2.5);
    check(2 ** -24 * 3.5);
    check(-0);
    fc.assert(fc.property(fc.float(), check), { numRuns: 2000 });
    fc.assert(fc.property(fc.double({ min: -1e-4, max: 1e-4 }), check), { numRuns: 2000 });
  });
});

describe("bfloat16", () => {
  it("widens each code to the float32 whose upper half it is and narrows it back", () => {
    const values = bfloat16ToFloat32(allCodes);
    const bits = new Uint32Array(values.buffer);
    const back = float32ToBfloat16(values);
    for (const code of allCodes) {
      expect(bits[code]).toBe((code << 16) >>> 0);
      if (!Number.isNaN(values[code])) expect(back[code]).toBe(code);
      else expect(Number.isNaN(bfloat16Value(back[code]!))).toBe(true);
    }
  });

  it("rounds any float32 to the nearest code, ties to even, overflow to infinity", () => {
    const check = (value: number): void => {
      const single = Math.fround(value);
      const code = float32ToBfloat16(Float32Array.of(single))[0]!;
      if (Number.isNaN(single)) expect(Number.isNaN(bfloat16Value(code))).toBe(true);
      else expect(code).toBe(nearest(single, bfloat16Value, 0x7f80));
    };
    for (const edge of [1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4028234e38, 3.38953e38, 3.3961775e38, 1e-45]) {
      for (const value of [edge, -edge]) check(value);
    }
    fc.assert(fc.property(fc.float(), check), { numRuns: 2000 });
    // NaNs whose payload lies in the lower half must not become infinity.
    const hidden = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff).buffer);
    expect([...float32ToBfloat16(hidden)].map(bfloat16Value)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("bytesToFloat32", () => {
  it("reads every element type", () => {
    const view = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const cases: [WeightDtype, ArrayBufferView, number[]][] = [
      ["BOOL", Uint8Array.of(0, 1), [0, 1]],
      ["U8", Uint8Array.of(0, 255), [0, 255]],
      ["I8", Int8Array.of(-128, 127), [-128, 127]],
      ["I16", Int16Array.of(-32768, 3), [-32768, 3]],
      ["U16", Uint16Array.of(65535), [65535]],
      ["I32", Int32Array.of(-(2 ** 31), 7), [-(2 ** 31), 7]],
      ["U32", Uint32Array.of(2 ** 31), [2 ** 31]],
      ["I64", BigInt64Array.of(-(2n ** 62n), 5n), [-(2 ** 62), 5]],
      ["U64", BigUint64Array.of(2n ** 63n), [2 ** 63]],
      ["F32", Float32Array.of(1.5), [1.5]],
      ["F64", Float64Array.of(0.1, 1e300), [Math.fround(0.1), Infinity]],
      ["F16", Uint16Array.of(0x3c00, 0xc000, 0x0001), [1, -2, 2 ** -24]],
      ["BF16", Uint16Array.of(0x3f80, 0xc000), [1, -2]],
      ["F8_E4M3", Uint8Array.of(0x38, 0x7e, 0x7f, 0x01, 0x88), [1, 448, Number.NaN, 2 ** -9, -(2 ** -6)]],
      ["F8_E5M2", Uint8Array.of(0x3c, 0x7b, 0x7c, 0xfd, 0x01), [1, 57344, Infinity, Number.NaN, 2 ** -16]],
      ["F8_E4M3FNUZ", Uint8Array.of(0x40, 0x7f, 0x80), [1, 240, Number.NaN]],
      ["F8_E5M2FNUZ", Uint8Array.of(0x40, 0x7f, 0x80), [1, 57344, Number.NaN]],
      ["F8_E8M0", Uint8Array.of(127, 130, 255), [1, 8, Number.NaN]],
    ];
    for (const [dtype, data, expected] of cases) {
      expect([dtype, ...bytesToFloat32(view(data), dtype)]).toEqual([dtype, ...expected]);
    }
  });

  it("reads bytes at an odd offset and writes to shared memory", () => {
    const odd = new Uint8Array(9);
    odd.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
    const target = new Float32Array(new SharedArrayBuffer(8));
    expect([...bytesToFloat32(odd.subarray(1), "F32", target)]).toEqual([1.5, -2]);
  });

  it("refuses bytes or targets of another length", () => {
    expect(() => bytesToFloat32(new Uint8Array(3), "F16")).toThrow(/2 bytes for each F16 element.*3 bytes/);
    expect(() => bytesToFloat32(new Uint8Array(4), "F16", new Float32Array(1))).toThrow(/target of 1/);
    expect(() => float32ToFloat16(new Float32Array(2), new Uint16Array(3))).toThrow(/Expected a target of 2/);
  });

  it("is undone by float32ToBytes for values that the type holds", () => {
    const values = Float32Array.of(0, 1.5, -2, Infinity);
    for (const dtype of ["F64", "F32", "F16", "BF16"] as const) {
      expect(bytesToFloat32(float32ToBytes(values, dtype), dtype)).toEqual(values);
    }
  });
});

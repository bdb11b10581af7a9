import { describe, expect, it } from "vitest";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "../src/type/half-float.ts";

describe("binary16", () => {
  it("gives every finite value back", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) expect(fromFloat16(toFloat16(value))).toBeNaN();
      else expect(toFloat16(value)).toBe(bits);
    }
  });

  it("rounds halves to the even neighbour, over the subnormal border and up to infinity", () => {
    expect(toFloat16(1 + 2 ** -11)).toBe(toFloat16(1));
    expect(toFloat16(1 + 3 * 2 ** -11)).toBe(toFloat16(1 + 2 ** -9));
    expect(toFloat16(2 ** -25)).toBe(0);
    expect(toFloat16(3 * 2 ** -25)).toBe(2);
    expect(toFloat16(65519.996)).toBe(0x7bff);
    expect(toFloat16(65520)).toBe(0x7c00);
    expect(toFloat16(-1e9)).toBe(0xfc00);
  });
});

describe("bfloat16", () => {
  it("gives every finite value back", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromBfloat16(bits);
      if (!Number.isNaN(value)) expect(toBfloat16(value)).toBe(bits);
    }
  });

  it("rounds halves to the even neighbour", () => {
    expect(fromBfloat16(toBfloat16(1 + 2 ** -8))).toBe(1);
    expect(fromBfloat16(toBfloat16(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
    expect(fromBfloat16(toBfloat16(Number.NaN))).toBeNaN();
  });
});

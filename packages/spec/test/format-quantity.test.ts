import { describe, expect, it } from "vitest";
import { formatCount, formatQuantity } from "../src/index.ts";

describe("formatQuantity", () => {
  it.each([
    [0.97345, "share", "97.3%"],
    [-0.5, "share", "−50.0%"],
    [1.9124, "bits/byte", "1.912"],
    [1.018, "ratio", "1.018×"],
    [1234567, "count", "1,234,567"],
    [-1234.5, "count", "−1,234.5"],
    [999, "bytes", "999 B"],
    [2 ** 20 * 402, "bytes", "402 MiB"],
    [1.5 * 2 ** 30, "bytes", "1.50 GiB"],
    [1.9e13, "flops", "19.0 TFLOP"],
    [0.034, "seconds", "0.03 s"],
    [9.96, "seconds", "10.0 s"],
    [59.6, "seconds", "1 min 00 s"],
    [108.4, "seconds", "1 min 48 s"],
    [7265, "seconds", "2 h 01 min"],
    [-3, "seconds", "−3.0 s"],
    [0.12345, "number", "0.123"],
    [1234.5, "number", "1235"],
    [Number.NaN, "share", "–"],
    [Number.POSITIVE_INFINITY, "count", "–"],
  ] as const)("prints %d %s as %s", (value, unit, text) => {
    expect(formatQuantity(value, unit)).toBe(text);
  });
});

describe("formatCount", () => {
  it("groups digits by three", () => {
    expect([999, 1000, 1234567].map(formatCount)).toEqual(["999", "1,000", "1,234,567"]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extentOf, linearScale } from "../src/charts/scale.ts";
import { bucketMeans, smooth } from "../src/charts/smooth.ts";
import { formatDifference, formatInterval, formatPValue } from "../src/format-estimate.ts";

describe("estimates", () => {
  it("prints intervals, differences and p-values", () => {
    expect(formatInterval({ value: 1, low: 0.941, high: 0.978 }, "share")).toBe("94.1 to 97.8%");
    expect(formatInterval({ value: 1, low: 1, high: 1 }, "share")).toBeUndefined();
    expect(formatInterval({ value: 1 }, "share")).toBeUndefined();
    expect(formatDifference(0.284, "share")).toBe("+28.4 points");
    expect(formatDifference(-0.009, "bits/byte")).toBe("−0.009");
    expect([formatPValue(0.0004), formatPValue(0.034)]).toEqual(["p < 0.001", "p = 0.034"]);
  });
});

describe("linearScale", () => {
  it("has round ticks inside its domain and maps ends to ends", () => {
    const range = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(range, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (low, span) => {
        const scale = linearScale([low, low + span], [0, 100]);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(12);
        expect(scale(scale.ticks[0]!)).toBeCloseTo(0, 1);
        expect(scale(scale.ticks.at(-1)!)).toBeCloseTo(100, 1);
        expect(new Set(scale.labels).size).toBe(scale.ticks.length);
      }),
    );
  });
  it("labels with the digits that are needed", () => {
    expect(linearScale([0, 0.002], [0, 1]).labels).toEqual(["0", "0.0005", "0.0010", "0.0015", "0.0020"]);
    expect(linearScale([0, 100], [0, 1]).labels).toEqual(["0", "20", "40", "60", "80", "100"]);
    expect(linearScale([0, 2e-5], [0, 1]).labels).toEqual(["0", "5e-6", "1.0e-5", "1.5e-5", "2.0e-5"]);
    expect(extentOf([Number.NaN])).toEqual([0, 1]);
    expect(extentOf([5, 5])).toEqual([4.5, 5.5]);
  });
});

describe("smooth", () => {
  const line = Array.from({ length: 1000 }, (_, step) => ({ step, value: 3 * step }));
  it("keeps a straight line straight, and its length bounded", () => {
    const buckets = bucketMeans(line, 100);
    expect(buckets).toHaveLength(100);
    for (const { step, value } of smooth(buckets)) expect(value).toBeCloseTo(3 * step, 6);
    expect(bucketMeans(line.slice(0, 5), 100)).toEqual(line.slice(0, 5));
  });
});

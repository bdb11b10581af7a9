import { describe, expect, it } from "vitest";
import { digits } from "../src/page.ts";
import { speedRatio, spreadOf } from "../src/statistics.ts";

describe("statistics of rows", () => {
  it("gives the median of odd and even counts, and the extremes", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
    expect(spreadOf([4, 1, 2, 10])).toEqual({ median: 3, low: 1, high: 10 });
  });

  it("compares round by round, so that drift cancels", () => {
    expect(speedRatio([1, 2, 4], [2, 4, 8])).toEqual({ median: 2, low: 2, high: 2 });
    expect(speedRatio([1, 2, 4], [1, 2, 4])).toEqual({ median: 1, low: 1, high: 1 });
  });

  it("prints three digits", () => {
    expect([0, 0.01234, 1.2345, 123.45, 12345].map(digits)).toEqual(["0", "0.0123", "1.23", "123", "12345"]);
  });
});

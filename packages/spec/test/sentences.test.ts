import { describe, expect, it } from "vitest";
import { describeValue, nearestName, nearNames, sortKeys } from "../src/index.ts";

describe("what sentences about bad input are made of", () => {
  it("a received value is shown as JSON, shortened, and numbers that JSON lacks by their name", () => {
    expect([undefined, null, "a", Number.NaN, { a: [1] }, () => 1].map(describeValue)).toEqual([
      "nothing",
      "null",
      '"a"',
      "NaN",
      '{"a":[1]}',
      "() => 1",
    ]);
    expect(describeValue("x".repeat(100))).toBe(`"${"x".repeat(79)}…`);
  });

  it("finds the nearest names, swaps of neighbours counting once and case not at all", () => {
    expect(nearNames("q_porj", ["k_proj", "q_proj", "down_proj", "q_proj"], 2)).toEqual(["q_proj", "k_proj"]);
    expect(nearestName("Dropuot", ["rank", "dropout"])).toBe("dropout");
    // One of three characters may differ, two may not.
    expect(nearestName("abx", ["abc"])).toBe("abc");
    expect(nearestName("axx", ["abc"])).toBeUndefined();
    expect(nearestName("a", [])).toBeUndefined();
  });

  it("sorts the keys of objects in objects and lists", () => {
    expect(JSON.stringify(sortKeys({ b: [{ d: 1, c: 2 }], a: null }))).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });
});

import { expect, it } from "vitest";
import { createRandomSequence, hashStream, philox4x32 } from "../src/ops/philox.ts";

// Known answers of the Random123 library (kat_vectors, philox4x32 10).
it("gives the words of Random123", () => {
  const ones = 0xffffffff;
  expect(philox4x32([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  expect(philox4x32([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  expect(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
    0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
  ]);
});

it("names streams by FNV-1a", () => {
  expect(hashStream("")).toBe(0x811c9dc5);
  expect(hashStream("foobar")).toBe(0xbf9cf968);
});

it("draws uniform and normal numbers that depend on seed and stream alone", () => {
  const draw = (seed: number, stream: string): number[] => {
    const random = createRandomSequence(seed, stream);
    return Array.from({ length: 4096 }, () => random.uniform());
  };
  const values = draw(1, "a");
  expect(draw(1, "a")).toEqual(values);
  expect(draw(2, "a")).not.toEqual(values);
  expect(draw(1, "b")).not.toEqual(values);
  expect(values.every((value) => value >= 0 && value < 1 && Math.fround(value) === value)).toBe(true);
  expect(values.reduce((sum, value) => sum + value, 0) / 4096).toBeCloseTo(0.5, 1);
  const random = createRandomSequence(1, "normal");
  const normal = Array.from({ length: 4096 }, () => random.normal());
  expect(normal.reduce((sum, value) => sum + value * value, 0) / 4096).toBeCloseTo(1, 1);
  const dice = Array.from({ length: 600 }, () => random.integer(6));
  expect(new Set(dice)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
});

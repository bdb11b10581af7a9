import { embedding, gradients, linear, sum, tensorType } from "@attune/tensor-core";
import { expect, it } from "vitest";
import { encodeNibbles, nibbleFormat } from "../src/nibble-format.ts";
import { largestDifference, runBoth } from "../src/run-both.ts";

it("a 4-bit format of a plugin is multiplied along either axis and looked up, without the core naming it", async () => {
  const codes = Array.from({ length: 16 * 8 }, (_, index) => (index * 7 + 3) % 16);
  const scales = Array.from({ length: 16 }, (_, index) => 2 ** -(index % 4));
  const weight = { type: tensorType([16, 8], "f32", nibbleFormat), components: encodeNibbles(codes, scales) };
  const build = (trace: Parameters<Parameters<typeof runBoth>[0][number]>[0]): void => {
    const w = trace.weight("w", weight.type);
    const x = trace.input("x", tensorType([3, 8]));
    const y = linear(x, w);
    trace.output("y", y);
    trace.output("dx", gradients(sum(y), [x])[0]!);
    trace.output("rows", embedding(trace.input("ids", tensorType([2], "i32")), w));
  };
  const x = Array.from({ length: 24 }, (_, index) => Math.sin(index));
  const { exact, strict } = await runBoth([build], { weights: { w: weight }, inputs: [{ x, ids: [15, 2] }] });
  expect(largestDifference(exact, strict)).toBeLessThan(1e-6);
  const value = (row: number, column: number): number => (codes[row * 8 + column]! - 8) * scales[row]!;
  expect(strict.outputs[0]!["rows"]!.slice(0, 8)).toEqual(Array.from({ length: 8 }, (_, column) => value(15, column)));
  const column0 = Array.from({ length: 16 }, (_, row) => value(row, 0)).reduce((a, b) => a + b);
  expect(strict.outputs[0]!["dx"]![0]).toBeCloseTo(column0, 5);
});

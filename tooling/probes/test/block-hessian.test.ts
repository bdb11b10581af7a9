// GPTQ needs, for each linear site, the sum of xᵀx over calibration batches, one block of the model at a time: an observer updates State
// while the forward pass runs, and the block's output becomes the next block's input.
import { add, linear, matmul, relu, type Trace, tensorType } from "@attune/tensor-core";
import { expect, it } from "vitest";
import { largestDifference, runBoth } from "../src/run-both.ts";

const [rows, width] = [6, 3];

/** One block: observes what enters its linear, then applies it. */
const block =
  (index: number) =>
  (trace: Trace): void => {
    const x =
      index === 0 ? trace.input("x", tensorType([rows, width])) : trace.state("hidden", tensorType([rows, width]));
    const hessian = trace.state(`hessian.${index}`, tensorType([width, width]));
    trace.update(hessian, add(hessian, matmul(x, x, { transposeA: true })));
    const y = relu(linear(x, trace.weight(`w${index}`, tensorType([width, width]))));
    trace.update(trace.state("hidden", tensorType([rows, width])), y);
  };

it("Hessians add up block by block over batches", async () => {
  const values = (seed: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => Math.fround(Math.sin(seed + index)));
  const weight = (seed: number) => ({ type: tensorType([width, width]), values: values(seed, width * width) });
  const batches = [values(10, rows * width), values(20, rows * width)];
  const { exact, strict } = await runBoth([block(0), block(1), block(0), block(1)], {
    weights: { w0: weight(1), w1: weight(2) },
    states: {
      "hessian.0": new Float32Array(width * width),
      "hessian.1": new Float32Array(width * width),
      hidden: new Float32Array(rows * width),
    },
    inputs: [{ x: batches[0]! }, {}, { x: batches[1]! }, {}],
  });
  expect(largestDifference(exact, strict)).toBeLessThan(1e-5);
  const gram = (x: readonly number[], i: number, j: number): number =>
    Array.from({ length: rows }, (_, row) => x[row * width + i]! * x[row * width + j]!).reduce((a, b) => a + b);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      expect(strict.states["hessian.0"]![i * width + j]).toBeCloseTo(
        gram(batches[0]!, i, j) + gram(batches[1]!, i, j),
        4,
      );
    }
  }
});

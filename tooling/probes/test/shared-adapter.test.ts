// Two plans share weights and an adapter's State; one of them leaves the adapter out (a policy and its reference).
import { add, gradients, linear, mul, sub, sum, type Tensor, type Trace, tensorType } from "@attune/tensor-core";
import { expect, it } from "vitest";
import { largestDifference, runBoth } from "../src/run-both.ts";

const [width, rank] = [4, 2];

function forward(trace: Trace, adapted: boolean): Tensor {
  const x = trace.input("x", tensorType([3, width]));
  const base = linear(x, trace.weight("w", tensorType([width, width])));
  if (!adapted) return base;
  const a = trace.state("adapter", tensorType([rank, width]), 0);
  const b = trace.state("adapter", tensorType([width, rank]), 64);
  return add(base, mul(linear(linear(x, a), b), 2));
}

const policy = (trace: Trace): void => trace.output("y", forward(trace, true));
const reference = (trace: Trace): void => trace.output("y", forward(trace, false));

function learn(trace: Trace): void {
  const y = forward(trace, true);
  const ranges = [
    trace.state("adapter", tensorType([rank, width]), 0),
    trace.state("adapter", tensorType([width, rank]), 64),
  ];
  const made = gradients(sum(mul(y, y)), ranges);
  for (const [index, range] of ranges.entries()) trace.update(range, sub(range, mul(made[index]!, 0.01)));
}

it("the plan without the adapter gives the base before and after the adapter learns", async () => {
  const w = Array.from({ length: width * width }, (_, index) => Math.fround(Math.sin(index)));
  const adapter = Array.from({ length: 128 }, (_, index) =>
    index % 64 < width * rank ? Math.fround(Math.cos(index)) : 0,
  );
  const x = Array.from({ length: 3 * width }, (_, index) => Math.fround(index / 7 - 0.5));
  const inputs = Array.from({ length: 5 }, () => ({ x }));
  const { exact, strict } = await runBoth([reference, policy, learn, policy, reference], {
    weights: { w: { type: tensorType([width, width]), values: w } },
    states: { adapter },
    inputs,
  });
  expect(largestDifference(exact, strict)).toBeLessThan(1e-5);
  const y = strict.outputs.map((outputs) => outputs["y"]);
  expect(y[4]).toEqual(y[0]);
  expect(y[1]).not.toEqual(y[0]);
  const energy = (values: readonly number[]): number => values.reduce((total, value) => total + value * value, 0);
  expect(energy(y[3]!)).toBeLessThan(energy(y[1]!));
});

// Top-2 mixture of experts as a composite: every token goes to its two best experts, weighted by a softmax over their scores. Rows are
// sorted by expert outside of any special op; the gradient reaches router and experts.
import {
  add,
  argMax,
  cast,
  equal,
  gradients,
  iota,
  linear,
  max,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  type Trace,
  tensorType,
  where,
} from "@attune/tensor-core";
import { expect, it } from "vitest";
import { largestDifference, runBoth } from "../src/run-both.ts";

const [tokens, width, experts] = [5, 4, 3];

/** 1 where the column is the row's best score. */
function bestMask(trace: Trace, scores: Tensor): Tensor {
  const best = reshape(cast(argMax(scores), "f32"), [tokens, 1]);
  return equal(reshape(cast(iota(trace, experts), "f32"), [1, experts]), best);
}

it("top-2 experts route, mix and learn", async () => {
  const build = (trace: Trace): void => {
    const x = trace.input("x", tensorType([tokens, width]));
    const router = trace.weight("router", tensorType([experts, width]));
    const bank = trace.weight("experts", tensorType([experts, width, width]));
    const scores = linear(x, router);
    const first = bestMask(trace, scores);
    const second = bestMask(trace, where(first, -1e30, scores));
    const chosen = add(first, second);
    const gates = softmax(where(chosen, sub(scores, max(scores, { axes: [1], keepDims: true })), -1e30));
    const mixed = Array.from({ length: experts }, (_, expert) => {
      const weight = reshape(slice(bank, { axis: 0, start: expert, length: 1 }), [width, width]);
      return mul(linear(x, weight), slice(gates, { axis: 1, start: expert, length: 1 }));
    }).reduce((total, part) => add(total, part));
    trace.output("y", mixed);
    trace.output("chosen", sum(chosen, { axes: [1] }));
    const [dRouter, dBank] = gradients(sum(mul(mixed, mixed)), [router, bank]);
    trace.output("dRouter", dRouter!);
    trace.output("dBank", dBank!);
  };
  const random = (seed: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => Math.sin(seed + index * 1.7));
  const values = {
    weights: {
      router: { type: tensorType([experts, width]), values: random(1, experts * width).map(Math.fround) },
      experts: {
        type: tensorType([experts, width, width]),
        values: random(2, experts * width * width).map(Math.fround),
      },
    },
    inputs: [{ x: random(3, tokens * width).map(Math.fround) }],
  };
  const { exact, strict } = await runBoth([build], values);
  expect(largestDifference(exact, strict)).toBeLessThan(1e-5);
  expect(strict.outputs[0]!["chosen"]).toEqual([2, 2, 2, 2, 2]);
  expect(Math.max(...strict.outputs[0]!["dRouter"]!.map(Math.abs))).toBeGreaterThan(0);
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((total, value, index) => total + value * b[index]!, 0);
  const row = values.inputs[0]!.x.slice(0, width);
  const score = Array.from({ length: experts }, (_, e) =>
    dot(row, values.weights.router.values.slice(e * width, (e + 1) * width)),
  );
  const [a, b] = score.map((_, index) => index).sort((i, j) => score[j]! - score[i]!) as [number, number, number];
  const gate = Math.exp(score[a]!) / (Math.exp(score[a]!) + Math.exp(score[b]!));
  const output = (expert: number): number[] =>
    Array.from({ length: width }, (_, o) =>
      dot(row, values.weights.experts.values.slice((expert * width + o) * width, (expert * width + o + 1) * width)),
    );
  output(a).forEach((value, index) => {
    expect(strict.outputs[0]!["y"]![index]).toBeCloseTo(gate * value + (1 - gate) * output(b)[index]!, 5);
  });
});

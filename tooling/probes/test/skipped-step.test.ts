// A gradient that is not finite leaves weights, moments and the count of applied steps as they are; the device decides, not the host.
import {
  adamw,
  add,
  fill,
  isNaN as isNaNOp,
  sqrt,
  sub,
  sumOfSquares,
  type Trace,
  tensorType,
  where,
} from "@attune/tensor-core";
import { expect, it } from "vitest";
import { largestDifference, runBoth } from "../src/run-both.ts";

const size = 4;
const hyper = [0.1, 0.9, 0.999, 1e-8, 0, 0.1, 0.001, 1].map(Math.fround);

function step(trace: Trace): void {
  const type = tensorType([size]);
  const [parameters, firstMoment, secondMoment] = ["parameters", "m", "v"].map((name) => trace.state(name, type));
  const applied = trace.state("applied", tensorType([1]));
  const gradient = trace.input("gradient", type);
  const norm = sqrt(sumOfSquares(gradient));
  const apply = where(isNaNOp(sub(norm, norm)), fill(trace, 0, [1]), fill(trace, 1, [1]));
  const [p, m, v] = adamw(
    {
      parameters: parameters!,
      gradient,
      firstMoment: firstMoment!,
      secondMoment: secondMoment!,
      hyper: trace.input("hyper", tensorType([1, 8])),
      apply,
    },
    { segments: [[0, size, 0]] },
  );
  trace.update(parameters!, p);
  trace.update(firstMoment!, m);
  trace.update(secondMoment!, v);
  trace.update(applied, add(applied, apply));
}

it("a step on Inf or NaN is skipped whole", async () => {
  const start = { parameters: [1, 2, 3, 4], m: [0, 0, 0, 0], v: [0, 0, 0, 0], applied: [0] };
  const good = { gradient: [1, -1, 2, 0.5], hyper };
  const bad = [
    { gradient: [1, Number.POSITIVE_INFINITY, 0, 0], hyper },
    { gradient: [Number.NaN, 0, 0, 0], hyper },
  ];
  const once = await runBoth([step], { states: start, inputs: [good] });
  const thrice = await runBoth([step, step, step], { states: start, inputs: [bad[0]!, good, bad[1]!] });
  expect(largestDifference(once.exact, once.strict)).toBeLessThan(1e-6);
  expect(thrice.strict.states).toEqual(once.strict.states);
  expect(thrice.strict.states["applied"]).toEqual([1]);
  expect(once.strict.states["parameters"]![0]).toBeCloseTo(0.9, 5);
});

// Products of every precision, computed here in JavaScript: what is promised passes the suite, and what is less does not.
import {
  type Backend,
  fromFloat16,
  gamma,
  halfProducts,
  type LinearAttributes,
  linearExtent,
  linearOp,
  type OpDef,
  type Plan,
  toFloat16,
} from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { createStrictBackend, testBackend } from "../src/index.ts";

const linear = linearOp as unknown as OpDef;
type Round = (value: number) => number;
const toHalf: Round = (value) => fromFloat16(toFloat16(value));
/** The neighbour towards 0, which WGSL allows as well. */
const towardsZero: Round = (value) => {
  const bits = toFloat16(value);
  return Math.abs(fromFloat16(bits)) > Math.abs(value) ? fromFloat16(bits - 1) : fromFloat16(bits);
};

/** How an emulated product computes: each operand, each sum, and how many terms of each it leaves out. */
interface Emulation {
  readonly operand?: Round;
  readonly sum?: Round;
  readonly leftOut?: number;
}

/** `linear` as a kernel of some precision computes it; sums are emulated where there is no epilogue. */
function emulated({ operand = Math.fround, sum = Math.fround, leftOut = 0 }: Emulation): OpDef {
  return {
    ...linear,
    reference(inputs, context) {
      const rounded = inputs.map((values, index) => (index < 2 ? values.map(operand) : values));
      const { bias, residual, activation, transposeA, transposeB } = context.attributes as unknown as LinearAttributes;
      if (bias || residual || activation !== "") return linear.reference!(rounded, context);
      const [a, b] = rounded as [Float64Array, Float64Array];
      const { m, k, n } = linearExtent(context.inputTypes[0]!, context.inputTypes[1]!, { transposeA, transposeB });
      const element = (_: unknown, index: number): number => {
        const [row, column] = [Math.floor(index / n), index % n];
        let total = 0;
        for (let inner = 0; inner < k - leftOut; inner++) {
          const left = a[transposeA ? inner * m + row : row * k + inner]!;
          const right = b[transposeB ? column * k + inner : inner * n + column]!;
          total = sum(total + Math.fround(left * right));
        }
        return total;
      };
      return [Float64Array.from({ length: m * n }, element)];
    },
  };
}

function backendOf(emulation: Emulation, half: boolean): Backend {
  const backend = createStrictBackend({ maxBindings: 16 });
  const op = emulated(emulation);
  const altered = (plan: Plan): Plan => ({
    ...plan,
    dispatches: plan.dispatches.map((each) => (each.op.id === "linear" ? { ...each, op } : each)),
  });
  const features = new Set([...backend.capabilities.features, ...(half ? [halfProducts] : [])]);
  return {
    ...backend,
    capabilities: { ...backend.capabilities, features },
    compile: (plan) => backend.compile(altered(plan)),
  };
}

/** Names of the cases that fail, of a backend that promises products in f32 or f16. */
async function failures(promised: "f32" | "f16", emulation: Emulation): Promise<string[]> {
  const conformance = testBackend(() => backendOf(emulation, promised === "f16"), {
    ops: [linear],
    seeds: [9, 14, 16],
  });
  const failed: string[] = [];
  for (const { group, name, run } of conformance.cases) await run().catch(() => failed.push(`${group}: ${name}`));
  await conformance.dispose();
  return failed;
}

describe("a backend that promises products in f32", () => {
  it("passes with sums in f32, in whatever order", async () => {
    expect(await failures("f32", {})).toEqual([]);
  });

  it.each([
    ["operands in f16", { operand: toHalf }, "linear: 3x5x7"],
    ["sums in f16", { sum: toHalf }, "linear: 6x603x9, integers"],
    ["a term left out", { leftOut: 1 }, "linear: 3x5x7"],
    ["a term left out of a long sum", { leftOut: 1 }, "linear: 4x517x4, transposeA true"],
  ])("fails with %s", async (_, emulation, name) => {
    expect(await failures("f32", emulation)).toContain(name);
  });
});

describe("a backend that promises products of operands in f16 with sums in f32", () => {
  it.each([
    ["rounded to the nearest", { operand: toHalf }],
    ["rounded towards 0", { operand: towardsZero }],
    ["not rounded at all", {}],
  ])("passes with operands %s, also in gradients, random programs and training", async (_, emulation) => {
    expect(await failures("f16", emulation)).toEqual([]);
  });

  it.each([
    ["sums in f16", { operand: toHalf, sum: toHalf }, "linear: 6x603x9, integers"],
    ["a term left out", { operand: toHalf, leftOut: 1 }, "linear: 3x5x7"],
    ["a term left out of a long sum", { operand: toHalf, leftOut: 1 }, "linear: 4x517x4, transposeA true"],
    [
      "operands in steps of 1/64",
      { operand: (value: number) => toHalf(value * 2 ** -18) * 2 ** 18 },
      "linear: 17x31x13",
    ],
  ])("fails with %s", async (_, emulation, name) => {
    expect(await failures("f16", emulation)).toContain(name);
  });
});

it("gamma is the sum of roundings, and no bound once they reach 1", () => {
  expect(gamma(1)).toBeCloseTo(2 ** -24, 12);
  expect(gamma(1024, 2 ** -11)).toBe(1);
  expect(gamma(2048, 2 ** -11)).toBe(Number.POSITIVE_INFINITY);
});

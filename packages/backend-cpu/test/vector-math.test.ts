import { address, type FunctionBuilder, load, ModuleBuilder, type Value } from "@attune/tensor-core/wasm";
import { describe, expect, it } from "vitest";
import * as math from "../src/kernels/vector-math.ts";

type VectorFunction = (f: FunctionBuilder, x: Value<"v128">) => Value<"v128">;

/** Values of a vector function at f32 arguments. */
function evaluate(make: VectorFunction, values: Float32Array, relaxedSimd = true): Float32Array {
  const pages = Math.ceil((8 * values.length + 64) / 65536) + 1;
  const module = new ModuleBuilder(
    { addressType: "i32", relaxedSimd },
    { module: "env", name: "memory", minPages: pages, maxPages: pages },
  );
  module.function(
    { name: "run", parameters: ["address", "address", "i32"], exported: true },
    (f, source, target, vectors) => {
      f.repeat(vectors, () => {
        f.store("v128", target, make(f, load("v128", source)));
        f.increment(source, 16);
        f.increment(target, 16);
      });
    },
  );
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const padded = Math.ceil(values.length / 4) * 4;
  new Float32Array(memory.buffer).set(values);
  (exports["run"] as (source: number, target: number, vectors: number) => void)(0, 4 * padded, padded / 4);
  return new Float32Array(memory.buffer, 4 * padded, values.length).slice();
}

/** Distance in units of the last place of the exact value, which may be subnormal. */
function ulps(actual: number, exact: number): number {
  if (Object.is(actual, Math.fround(exact)) || (Number.isNaN(actual) && Number.isNaN(exact))) return 0;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))));
  return Math.abs(actual - exact) / 2 ** (exponent - 23);
}

const grid = (from: number, to: number, count = 40000): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));
const magnitudes = (from: number, to: number): Float32Array => {
  const positive = grid(Math.log2(from), Math.log2(to), 20000).map((power) => 2 ** power);
  return Float32Array.from([...positive, ...positive.map((value) => -value)]);
};

function worst(make: VectorFunction, exact: (x: number) => number, values: Float32Array, relaxedSimd = true): number {
  return evaluate(make, values, relaxedSimd).reduce(
    (most, actual, index) => Math.max(most, ulps(actual, exact(values[index]!))),
    0,
  );
}

/** erf by its series, and by the continued fraction of erfc. */
function erf(x: number): number {
  const magnitude = Math.abs(x);
  let sum = magnitude;
  if (magnitude < 3) {
    for (let n = 1, term = magnitude; Math.abs(term) > 1e-18; n++) {
      term *= (-magnitude * magnitude * (2 * n - 1)) / (n * (2 * n + 1));
      sum += term;
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (magnitude + fraction);
  return Math.sign(x) * (1 - Math.exp(-magnitude * magnitude) / Math.sqrt(Math.PI) / (magnitude + fraction));
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe.each([true, false])("with fused multiply-add: %s", (fused) => {
  it.each<[string, VectorFunction, (x: number) => number, Float32Array, number]>([
    ["exp", math.vectorExp, Math.exp, grid(-87, 88.7), 1.5],
    ["exp of normal results", math.vectorExpNormal, Math.exp, grid(-87.32, 88), 1.5],
    ["exp near 0", math.vectorExp, Math.exp, magnitudes(1e-10, 1), 1.5],
    ["log", math.vectorLog, Math.log, magnitudes(1e-38, 3e38).map(Math.abs), 1.5],
    ["log near 1", math.vectorLog, Math.log, grid(0.5, 2), 1.5],
    ["log of subnormals", math.vectorLog, Math.log, magnitudes(2 ** -148, 2 ** -126).map(Math.abs), 1.5],
    ["sigmoid", math.vectorSigmoid, sigmoid, grid(-80, 80), 2.5],
    ["tanh", math.vectorTanh, Math.tanh, grid(-12, 12), 2],
    ["tanh near 0", math.vectorTanh, Math.tanh, magnitudes(1e-20, 1), 2],
    ["erf", math.vectorErf, erf, grid(-6, 6), 2.5],
    ["erf near 0", math.vectorErf, erf, magnitudes(1e-20, 1), 2.5],
  ])("%s is within its bound", (_name, make, exact, values, bound) => {
    expect(worst(make, exact, values, fused)).toBeLessThan(bound);
  });

  it("sin and cos are within 1.2e-7 up to 8192", () => {
    for (const values of [grid(-4, 4), grid(-8192, 8192)]) {
      for (const [make, exact] of [
        [math.vectorSin, Math.sin],
        [math.vectorCos, Math.cos],
      ] as const) {
        const errors = evaluate(make, values, fused).map((actual, index) => Math.abs(actual - exact(values[index]!)));
        expect(Math.max(...errors.subarray(0, 20000), ...errors.subarray(20000))).toBeLessThan(1.2e-7);
      }
    }
  });
});

describe("at the ends of the range", () => {
  const special = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 3e38, -3e38, 1e-45);
  it.each<[string, VectorFunction, (x: number) => number]>([
    ["exp", math.vectorExp, Math.exp],
    ["log", math.vectorLog, Math.log],
    ["sigmoid", math.vectorSigmoid, sigmoid],
    ["tanh", math.vectorTanh, Math.tanh],
    ["erf", math.vectorErf, (x) => (Number.isNaN(x) ? NaN : Math.abs(x) > 6 ? Math.sign(x) : erf(x))],
  ])("%s gives what it must", (_name, make, exact) => {
    const actual = evaluate(make, special);
    for (const [index, value] of special.entries())
      expect(ulps(actual[index]!, exact(value)), `at ${value}`).toBeLessThan(2);
  });

  it("exp underflows gradually", () => {
    const values = grid(-104, -87, 4000);
    const actual = evaluate(math.vectorExp, values);
    for (const [index, value] of values.entries())
      expect(Math.abs(actual[index]! - Math.exp(value))).toBeLessThanOrEqual(1.5 * 2 ** -149);
    expect(evaluate(math.vectorExp, Float32Array.of(-105, -1000, 89, 1000))).toEqual(
      Float32Array.of(0, 0, Infinity, Infinity),
    );
  });

  it("exp of normal results is 0 below them, and passes NaN on", () => {
    const values = Float32Array.of(-87.34, -100, -1e4, -3e38, -Infinity, NaN, 0, -0);
    expect(evaluate(math.vectorExpNormal, values)).toEqual(Float32Array.of(0, 0, 0, 0, 0, NaN, 1, 1));
  });
});

describe("lanes", () => {
  const lanes = Float32Array.of(1, 20, 300, 4000);
  const scalar = (make: (f: FunctionBuilder, x: Value<"v128">) => Value<"f32">): number => {
    const module = new ModuleBuilder(
      { addressType: "i32", relaxedSimd: true },
      { module: "env", name: "memory", minPages: 1, maxPages: 1 },
    );
    module.function({ name: "run", parameters: [], result: "f32", exported: true }, (f) =>
      make(f, load("v128", address.constant(0))),
    );
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    new Float32Array(memory.buffer).set(lanes);
    return (
      new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } }).exports[
        "run"
      ] as () => number
    )();
  };
  it("are added, compared and replaced", () => {
    expect(scalar(math.sumLanes)).toBe(4321);
    expect(scalar(math.largestLane)).toBe(4000);
    expect(scalar((f, x) => math.sumLanes(f, math.keepLanes(f, x, 2, 0.5)))).toBe(22);
    expect(scalar((f, x) => math.largestLane(f, math.keepLanes(f, x, 3, -1)))).toBe(300);
  });
});

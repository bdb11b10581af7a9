import { describe, expect, it } from "vitest";
import { gradients } from "../src/graph/gradients.ts";
import { applyOp } from "../src/graph/tensor.ts";
import { Trace } from "../src/graph/trace.ts";
import { defineOp } from "../src/op-def/op-def.ts";
import { fill } from "../src/ops/create/fill.ts";
import { add, mul, relu, sigmoid, square, sub } from "../src/ops/pointwise/elementwise.ts";
import { sum } from "../src/ops/reduce/reduce.ts";
import { createRuntime } from "../src/runtime/create-runtime.ts";
import { tensorType } from "../src/type/tensor-type.ts";
import { createReferenceBackend } from "./reference-backend.ts";

const vector = tensorType([3]);
const runtimeOf = (options = {}): ReturnType<typeof createRuntime> =>
  createRuntime({ backend: createReferenceBackend(options) });

describe("a program", () => {
  it("gives the traced function's values, run after run", async () => {
    await using runtime = disposable(runtimeOf());
    await runtime.weights.set("w", vector, [1, 2, 3]);
    const program = await runtime.compile((trace) => {
      trace.output("y", mul(add(trace.input("x", vector), trace.weight("w", vector)), 2));
    });
    expect([...(await program.run({ x: [1, 1, 1] }))["y"]!]).toEqual([4, 6, 8]);
    expect([...(await program.run({ x: [0, 0, 1] }))["y"]!]).toEqual([2, 4, 8]);
    expect(program.plan.dispatches).toHaveLength(1);
  });

  it("differentiates: d/dw Σ (sigmoid(w) - x)²", async () => {
    await using runtime = disposable(runtimeOf());
    await runtime.weights.set("w", vector, [0.5, -1, 2]);
    const program = await runtime.compile((trace) => {
      const w = trace.weight("w", vector);
      const loss = sum(square(sub(sigmoid(w), trace.input("x", vector))), { axes: [0], keepDims: false });
      trace.output("dw", gradients(loss, [w])[0]!);
    });
    const { dw } = await program.run({ x: [0.1, 0.2, 0.3] });
    [0.5, -1, 2].forEach((w, index) => {
      const s = 1 / (1 + Math.exp(-w));
      expect(dw![index]).toBeCloseTo(2 * (s - [0.1, 0.2, 0.3][index]!) * s * (1 - s), 6);
    });
  });

  it("reads State before it is updated, in place and by copy alike", async () => {
    for (const inPlace of [true, false]) {
      await using runtime = disposable(runtimeOf({ inPlace }));
      await runtime.states.allocate("s", 3);
      const program = await runtime.compile((trace) => {
        const state = trace.state("s", vector);
        const next = add(state, trace.input("x", vector));
        trace.update(state, next);
        trace.output("old", mul(state, 10));
        trace.output("new", mul(next, 1.5));
      });
      await program.run({ x: [1, 2, 3] });
      const outputs = await program.run({ x: [1, 2, 3] });
      expect([...outputs["old"]!]).toEqual([10, 20, 30]);
      expect([...outputs["new"]!]).toEqual([3, 6, 9]);
      expect([...(await runtime.states.read("s"))]).toEqual([2, 4, 6]);
    }
  });

  it("swaps two states through copies", async () => {
    await using runtime = disposable(runtimeOf());
    for (const name of ["a", "b"]) await runtime.states.allocate(name, 3);
    await runtime.states.write("a", Float32Array.of(1, 2, 3));
    const program = await runtime.compile((trace) => {
      const [a, b] = [trace.state("a", vector), trace.state("b", vector)];
      trace.update(a, b);
      trace.update(b, a);
    });
    await program.run();
    expect([...(await runtime.states.read("b"))]).toEqual([1, 2, 3]);
    expect([...(await runtime.states.read("a"))]).toEqual([0, 0, 0]);
  });

  it("refuses two updates of overlapping State, unknown inputs, missing weights and symbolic reads", async () => {
    await using runtime = disposable(runtimeOf());
    await runtime.states.allocate("s", 8);
    const overlapping = (trace: Trace): void => {
      const x = trace.input("x", vector);
      trace.update(trace.state("s", vector, 0), x);
      trace.update(trace.state("s", vector, 2), x);
    };
    await expect(runtime.compile(overlapping)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const program = await runtime.compile((trace) => trace.output("y", relu(trace.weight("none", vector))));
    await expect(program.run()).rejects.toMatchObject({ code: "ID_UNKNOWN" });
    await runtime.weights.set("none", vector, [1, 2, 3]);
    await expect(program.run({ z: [1] })).rejects.toThrow(/no input "z"/);
    expect(() => new Trace().input("x", vector).data()).toThrow(/symbolic/);
  });

  it("tells constants apart that JSON writes alike", async () => {
    await using runtime = disposable(runtimeOf());
    const program = await runtime.compile((trace) => {
      trace.output("up", fill(trace, Number.POSITIVE_INFINITY, [1]));
      trace.output("down", fill(trace, Number.NEGATIVE_INFINITY, [1]));
    });
    const { up, down } = await program.run();
    expect([up![0], down![0]]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  it("checks itself against the float64 interpreter and returns memory to its baseline", async () => {
    await using runtime = disposable(runtimeOf());
    const program = await runtime.compile((trace) => trace.output("y", sigmoid(trace.input("x", vector))));
    expect(await program.check({ x: [1, 2, 3] })).toBeUndefined();
    const { staging, arena, state, weights } = runtime.memory();
    expect({ arena, state, weights }).toEqual({ arena: 0, state: 0, weights: 0 });
    expect(staging).toBeGreaterThan(0);
  });
});

describe("eager tensors", () => {
  it("run ops as they are applied, and are freed", async () => {
    await using runtime = disposable(runtimeOf());
    using x = runtime.tensor([1, -2, 3], [3]);
    using y = relu(mul(x, 2));
    expect([...(await y.data())]).toEqual([2, 0, 6]);
  });
});

function disposable<T extends { dispose(): Promise<void> }>(value: T): T & AsyncDisposable {
  return Object.assign(value, { [Symbol.asyncDispose]: () => value.dispose() });
}

describe("the vjp of an op", () => {
  it("is refused where a cotangent has not the shape of its input", async () => {
    await using runtime = disposable(runtimeOf());
    const scaled = defineOp<Record<string, never>>({
      id: "test/scaled",
      infer: ([x]) => [x!],
      vjp: ({ inputs: [x, scale], cotangents: [dy] }) => [mul(dy!, scale!), mul(dy!, x!)],
      decompose: ([x, scale]) => [mul(x!, scale!)],
    });
    const build = (trace: Trace): void => {
      const scale = trace.input("scale", vector);
      const y = applyOp(scaled, [trace.input("x", tensorType([2, 3])), scale], {})[0]!;
      trace.output("dscale", gradients(sum(y), [scale])[0]!);
    };
    await expect(runtime.compile(build)).rejects.toThrow(
      'The vjp of op "test/scaled" gives f32[2, 3] as the cotangent of input 1, which is f32[3].',
    );
  });
});

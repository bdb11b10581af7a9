import { AttuneError } from "@attune/spec";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../src/graph/tensor.ts";
import type { Trace } from "../src/graph/trace.ts";
import { attention } from "../src/ops/attention/attention.ts";
import { linear, matmul } from "../src/ops/linear/linear.ts";
import { add } from "../src/ops/pointwise/elementwise.ts";
import { mean, sum } from "../src/ops/reduce/reduce.ts";
import { embedding } from "../src/ops/rows/embedding.ts";
import { createRuntime, type Runtime } from "../src/runtime/create-runtime.ts";
import type { DType } from "../src/type/dtype.ts";
import { tensorType } from "../src/type/tensor-type.ts";
import { createReferenceBackend } from "./reference-backend.ts";

const vector = tensorType([2]);
const runtimeOf = (): Runtime => createRuntime({ backend: createReferenceBackend() });

/** What a program without types may pass. */
const untyped = <T>(value: unknown): T => value as T;

async function refused(work: () => unknown): Promise<{ code: string; message: string }> {
  const error: unknown = await (async () => work())().then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!AttuneError.is(error)) throw new Error(`expected an AttuneError, got ${String(error)}`);
  return { code: error.code, message: error.message };
}

describe("a runtime that was disposed", () => {
  it("refuses every further use, by name, and lets what was under way end", async () => {
    const runtime = runtimeOf();
    await runtime.states.allocate("s", 2);
    const program = await runtime.compile((trace) => trace.output("y", add(trace.input("x", vector), 1)));
    const under = program.run({ x: [1, 2] });
    await runtime.dispose();
    expect([...(await under)["y"]!]).toEqual([2, 3]);
    const uses: Record<string, () => unknown> = {
      run: () => program.run({ x: [1, 2] }),
      check: () => program.check({ x: [1, 2] }),
      compile: () => runtime.compile((trace) => trace.output("y", add(trace.input("x", vector), 1))),
      tensor: () => runtime.tensor([1, 2], [2]).data(),
      allocate: () => runtime.states.allocate("t", 2),
      "read of State": () => runtime.states.read("s"),
      "write of State": () => runtime.states.write("s", Float32Array.of(1, 2)),
      weight: () => runtime.weights.set("w", vector, [1, 2]),
    };
    for (const [name, use] of Object.entries(uses)) {
      expect({ name, ...(await refused(use)) }).toEqual({
        name,
        code: "INPUT_INVALID",
        message: "This runtime was disposed.",
      });
    }
    await runtime.dispose();
  });
});

describe("a traced function", () => {
  it("is refused where it is asynchronous: what comes after its first await would be missing", async () => {
    const runtime = runtimeOf();
    const build = async (trace: Trace): Promise<void> => {
      await Promise.resolve();
      trace.output("y", add(trace.input("x", vector), 1));
    };
    expect(await refused(() => runtime.compile(build))).toEqual({
      code: "INPUT_INVALID",
      message: "The traced function is asynchronous, but a trace records what it does at once.",
    });
    await runtime.dispose();
  });

  it("is refused where it names nothing, though it returns something", async () => {
    const runtime = runtimeOf();
    const build = (trace: Trace): unknown => add(trace.input("x", vector), 1);
    const { message } = await refused(() => runtime.compile(untyped(build)));
    expect(message).toBe("The traced function names no output and updates no State: there is nothing to compute.");
    await runtime.dispose();
  });
});

describe("values of another dtype", () => {
  it("are not written over State as if they were of its own", async () => {
    const runtime = runtimeOf();
    await runtime.states.allocate("s", 2);
    for (const [values, name] of [
      [Int32Array.of(1, 2), "Int32Array"],
      [new Float64Array(1), "Float64Array"],
      [[1, 2], "[1,2]"],
    ] as const) {
      expect(await refused(() => runtime.states.write("s", untyped(values)))).toEqual({
        code: "DTYPE_MISMATCH",
        message: `State "s" is f32 and takes values as Float32Array, but received ${name}.`,
      });
    }
    expect([...(await runtime.states.read("s"))]).toEqual([0, 0]);
    await runtime.dispose();
  });

  it("are not taken for integers: fractions and what is beyond 32 bits", async () => {
    const runtime = runtimeOf();
    const program = await runtime.compile((trace) => {
      trace.output("y", embedding(trace.input("ids", tensorType([2], "i32")), trace.input("e", tensorType([3, 1]))));
    });
    for (const wrong of [0.5, 2 ** 32, Number.NaN]) {
      const { code, message } = await refused(() => program.run({ ids: [1, wrong], e: [1, 2, 3] }));
      expect(code).toBe("INPUT_INVALID");
      expect(message).toContain(
        `"ids" is i32: expected integers from -2147483648 to 2147483647, but received ${wrong}`,
      );
    }
    expect([...(await program.run({ ids: Uint32Array.of(2, 0), e: [1, 2, 3] }))["y"]!]).toEqual([3, 1]);
    await runtime.dispose();
  });

  it("in weights and State are not read as what the plan was traced with", async () => {
    const runtime = runtimeOf();
    const program = await runtime.compile((trace) => {
      trace.output("y", add(trace.weight("w", tensorType([2, 3])), 1));
    });
    await runtime.weights.set("w", tensorType([3, 2]), [1, 2, 3, 4, 5, 6]);
    expect(await refused(() => program.run())).toEqual({
      code: "SHAPE_MISMATCH",
      message: 'The plan reads weight "w" as f32[2, 3], but it was put there as f32[3, 2].',
    });
    runtime.weights.delete("w");
    await runtime.weights.set("w", tensorType([2, 3]), [1, 2, 3, 4, 5, 6]);
    expect([...(await program.run())["y"]!]).toEqual([2, 3, 4, 5, 6, 7]);
    runtime.weights.delete("w");
    await runtime.weights.set("w", tensorType([6]), [1, 2, 3, 4, 5, 6]);
    expect((await refused(() => program.run())).code).toBe("SHAPE_MISMATCH");

    await runtime.states.allocate("counts", 2, "i32");
    const counting = await runtime.compile((trace) => trace.output("y", add(trace.state("counts", vector), 1)));
    expect(await refused(() => counting.run())).toEqual({
      code: "DTYPE_MISMATCH",
      message: 'The plan uses State "counts" as f32, but it was allocated as i32.',
    });
    await runtime.dispose();
  });

  it("have no dtype of their own", async () => {
    expect((await refused(() => tensorType([1], untyped<DType>("f64")))).message).toBe(
      'Expected a dtype of f32, i32, u32, but received "f64".',
    );
  });
});

describe("createRuntime", () => {
  it("says that a backend is missing, still a promise, or under another name", async () => {
    const cases: [unknown, string][] = [
      [{}, "Expected the backend of createRuntime, but received nothing."],
      [{ backend: Promise.resolve() }, "Expected the backend of createRuntime, but received a promise."],
      [undefined, "Expected the options of createRuntime to be an object, but received nothing."],
      [{ backends: [] }, 'The key "backends" is none of the options of createRuntime: backend, kernels.'],
    ];
    for (const [options, sentence] of cases) {
      expect((await refused(() => createRuntime(untyped(options)))).message).toBe(sentence);
    }
  });
});

describe("input values", () => {
  it("are numbers in an array: nothing becomes NaN in silence", async () => {
    const runtime = runtimeOf();
    const program = await runtime.compile((trace) => trace.output("y", add(trace.input("x", vector), 1)));
    const cases: [unknown, string][] = [
      [["1", 2], 'Expected the values of "x" as numbers, but received "1" at 0.'],
      [[1, undefined], 'Expected the values of "x" as numbers, but received nothing at 1.'],
      [[[1], [2]], 'Expected the values of "x" as numbers, but received [1] at 0.'],
      [BigInt64Array.of(1n, 2n), 'Expected the values of "x" as numbers, but received 1n at 0.'],
      [3, 'Expected the values of "x" as an array of numbers, but received 3.'],
    ];
    for (const [x, sentence] of cases)
      expect((await refused(() => program.run({ x: untyped(x) }))).message).toBe(sentence);
    expect([...(await program.run({ x: [Number.NaN, 1] }))["y"]!]).toEqual([Number.NaN, 2]);
    await runtime.dispose();
  });
});

describe("State", () => {
  it("has a whole number of elements, and nothing is read or written beside them", async () => {
    const runtime = runtimeOf();
    for (const elements of [-1, Number.NaN, 1.5]) {
      expect((await refused(() => runtime.states.allocate("s", elements))).code).toBe("SHAPE_MISMATCH");
    }
    expect(runtime.memory().state).toBe(0);
    await runtime.states.allocate("s", 4);
    const beside = [
      () => runtime.states.read("s", 2, 3),
      () => runtime.states.read("s", -1, 2),
      () => runtime.states.read("s", 5),
      () => runtime.states.write("s", Float32Array.of(1, 2), 3),
      () => runtime.states.write("s", Float32Array.of(1, 2), -1),
      () => runtime.states.write("s", Float32Array.of(1, 2), 0.5),
    ];
    for (const use of beside) expect((await refused(use)).code).toBe("SHAPE_MISMATCH");
    await runtime.dispose();
  });
});

describe("an op", () => {
  const inTrace = (body: (x: Tensor) => Tensor) => {
    const runtime = runtimeOf();
    return refused(() => runtime.plan((trace) => trace.output("y", body(trace.input("x", tensorType([2, 2]))))));
  };

  it("refuses options that it does not know instead of ignoring them", async () => {
    const cases: [(x: Tensor) => Tensor, string][] = [
      [(x) => sum(x, untyped({ axis: 1 })), 'The key "axis" is none of the options of sum: axes, keepDims.'],
      [(x) => mean(x, untyped(1)), "Expected the options of mean to be an object, but received 1."],
      [(x) => linear(x, x, untyped(x)), 'The key "type" is none of the options of linear'],
      [(x) => matmul(x, x, untyped({ transpose: true })), "of matmul: transposeA, transposeB."],
      [(x) => attention({ q: x, k: x, v: x }, untyped({ casual: true })), 'The key "casual" is none of the options of'],
    ];
    for (const [body, sentence] of cases) expect((await inTrace(body)).message).toContain(sentence);
  });

  it("refuses what is no tensor, and says what it got", async () => {
    expect((await inTrace((x) => add(x, untyped([1, 2])))).message).toBe(
      "Expected an operand to be a tensor, but received [1,2].",
    );
    expect((await inTrace((x) => linear(x, untyped(undefined)))).message).toBe(
      'Expected operand 1 of op "linear" to be a tensor, but received nothing.',
    );
    expect((await inTrace((x) => embedding(x, untyped(new Float32Array(4))))).message).toBe(
      'Expected operand 1 of op "embedding" to be a tensor, but received a Float32Array.',
    );
  });
});

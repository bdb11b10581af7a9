// Products and embeddings over formats that a plugin brings: the kernels know nothing of them but their decode snippets.
import { describeConformance, nibbleBlocks, testStorageFormats } from "@attune/tensor-conformance";
import {
  createRandomSequence,
  createRuntime,
  linear,
  linearOp,
  type OpDef,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.ts";
import { runOp } from "./run-kernel.ts";

for (const [name, options] of [
  ["cpu, 128-bit tiles on two threads", { threads: 2, wide: false }],
  ["cpu, 256-bit tiles on one thread", { threads: 1, wide: true }],
  ["cpu, 64-bit memory", { threads: 1, wide: false, maxBytes: 2 ** 33 }],
  ["cpu, 64-bit memory with near scratch", { threads: 1, wide: true, maxBytes: 2 ** 33 }],
] as const) {
  const runtime = createRuntime({ backend: createCpuBackend(options) });
  const cases = testStorageFormats(() => runtime);
  describeConformance(name, { cases, dispose: () => runtime.dispose() }, { describe, it, afterAll });
}

const random = createRandomSequence(5, "formats");
const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());

describe("a product whose weight is packed in several slabs", () => {
  const [m, k, n] = [5, 64, 131200] as const;
  const backend = createCpuBackend({ threads: 2, wide: false });
  afterAll(() => backend.dispose());
  let actual: number[];
  const [x, weight] = [floats(m * k), floats(n * k)];
  beforeAll(async () => {
    const inputs = [
      { type: tensorType([m, k]), values: x },
      { type: tensorType([n, k]), values: weight },
    ];
    const attributes = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };
    [actual] = (await runOp(backend, linearOp as unknown as OpDef, attributes, inputs)) as [number[]];
  });

  it.each([0, 15, 16, 131071, 131072, 131199])("is right at column %i", (column) => {
    for (let row = 0; row < m; row++) {
      let expected = 0;
      for (let index = 0; index < k; index++) expected += x[row * k + index]! * weight[column * k + index]!;
      expect(actual[row * n + column]).toBeCloseTo(expected, 4);
    }
  });
});

describe("a format without a decoder for the CPU", () => {
  it("is named as what is in the way", async () => {
    const runtime = createRuntime({ backend: createCpuBackend({ threads: 1 }) });
    const undecoded = { ...nibbleBlocks, id: "test/undecoded", decoders: {} };
    const build = (trace: Trace): void => {
      const weight = trace.weight("w", tensorType([2, 32], "f32", undecoded));
      trace.output("y", linear(trace.input("x", tensorType([3, 32])), weight));
    };
    await expect(runtime.compile(build)).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message:
        'Backend "cpu" has no kernel for op "linear" on f32[3, 32], test/undecoded[2, 32], and the op has no decomposition.',
      hint: 'See that the format "test/undecoded" has a decoder for this backend among its decoders.',
    });
    await runtime.dispose();
  });
});

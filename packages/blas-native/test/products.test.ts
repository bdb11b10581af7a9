// OpenBLAS under the CPU backend: products against float64, and a training step to the same bits on 1, 2 and 3 threads.
import { createCpuBackend } from "@attune/backend-cpu";
import {
  batchedMatmul,
  createRandomSequence,
  createRuntime,
  gradients,
  linear,
  mul,
  silu,
  sum,
  type Tensor,
  tensorType,
} from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { openblas, withoutOpenblas } from "./system-blas.ts";

const [rows, inner, outer, batch] = [150, 96, 260, 3] as const;
const random = createRandomSequence(1, "blas");
const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const inputs = {
  x: values(rows * inner),
  up: values(outer * inner),
  gate: values(outer * inner),
  left: values(batch * 40 * 50),
  right: values(batch * 50 * 60),
};

/** A gated layer with all gradients, and a batched product: A·Bᵀ, A·B, Aᵀ·B, each larger than what WASM keeps. */
async function run(threads: number, native: boolean, above4GiB = false): Promise<Record<string, Float32Array>> {
  const maxBytes = above4GiB ? 2 ** 33 : undefined;
  const backend = createCpuBackend({ threads, maxBytes, gemm: native ? openblas.provider : undefined });
  // Nobody touches these bytes, so they are addresses and no memory.
  if (above4GiB) await backend.allocate("weights", 2 ** 32);
  const runtime = createRuntime({ backend });
  const program = await runtime.compile((trace) => {
    const x = trace.input("x", tensorType([rows, inner]));
    const up = trace.input("up", tensorType([outer, inner]));
    const gate = trace.input("gate", tensorType([outer, inner]));
    const y = mul(silu(linear(x, gate)), linear(x, up));
    trace.output("y", y);
    const total = sum(mul(y, y), { axes: [0, 1], keepDims: true });
    const names = ["dx", "dup", "dgate"];
    for (const [index, gradient] of gradients(total, [x, up, gate]).entries())
      trace.output(names[index]!, gradient as Tensor);
    const left = trace.input("left", tensorType([batch, 40, 50]));
    trace.output("z", batchedMatmul(left, trace.input("right", tensorType([batch, 50, 60]))));
  });
  const kernels = program.explain();
  expect(kernels.includes("cpu.linear.native")).toBe(native);
  expect(kernels.includes("cpu.batchedMatmul.native")).toBe(native);
  const outputs = await program.run(inputs);
  await runtime.dispose();
  return outputs as Record<string, Float32Array>;
}

describe.skipIf(withoutOpenblas)(`products by OpenBLAS${withoutOpenblas}`, () => {
  it("give the same bits on 1, 2 and 3 threads", { timeout: 120_000 }, async () => {
    const [one, two, three] = [await run(1, true), await run(2, true), await run(3, true)];
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  it("give the same bits from operands above 4 GiB", { timeout: 120_000 }, async () => {
    expect(await run(2, true, true)).toEqual(await run(2, true));
  });

  it("agree with WebAssembly's to rounding, and are not the same", { timeout: 120_000 }, async () => {
    const [native, wasm] = [await run(2, true), await run(2, false)];
    let differing = 0;
    for (const [name, actual] of Object.entries(native)) {
      // Norm-wise: two chains of at most `outer` roundings each, in the forward and in the backward product.
      const [difference, size] = [0, 1].map((which) =>
        Math.sqrt(
          actual.reduce((total, value, index) => total + (which ? value : value - wasm[name]![index]!) ** 2, 0),
        ),
      ) as [number, number];
      expect(difference / size, name).toBeLessThan(4 * 2 ** -24 * outer);
      differing += Number(difference > 0);
    }
    expect(differing).toBeGreaterThan(0);
  });
});

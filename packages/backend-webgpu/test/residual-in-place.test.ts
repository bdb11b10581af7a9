// Gradients are added to those of earlier micro-batches by the product itself, in place; also where it has ranges of k or windows.
import { add, createRuntime, matmul, type Runtime, tensorType } from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe.skipIf(skipReason !== undefined)(`sums in place on SwiftShader ${skipReason ?? ""}`, () => {
  let whole: Runtime;
  let windows: Runtime;
  beforeAll(async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    whole = createRuntime({ backend });
    const capabilities = { ...backend.capabilities, maxBindingBytes: 128 * 1024 };
    windows = createRuntime({ backend: { ...backend, capabilities } });
  });
  afterAll(() => whole.dispose());

  it.each([
    ["one range of k", [9, 40, 12], false],
    ["ranges of k", [8, 2500, 12], false],
    ["windows of the weight along k", [5, 700, 64], true],
  ] as const)("with %s", async (_, [m, k, n], cut) => {
    const runtime = cut ? windows : whole;
    const region = `sum ${m}`;
    await runtime.states.allocate(region, m * n);
    const fill = (count: number, step: number): Float32Array =>
      Float32Array.from({ length: count }, (_each, i) => ((i * step) % 13) / 13 - 0.4);
    const [before, a, b] = [fill(m * n, 5), fill(m * k, 7), fill(k * n, 11)];
    await runtime.states.write(region, before);
    const program = await runtime.compile((trace) => {
      const state = trace.state(region, tensorType([m, n]));
      const product = matmul(trace.input("a", tensorType([m, k])), trace.weight("b", tensorType([k, n])));
      trace.update(state, add(state, product));
    });
    await runtime.weights.set("b", tensorType([k, n]), b);
    expect(program.plan.dispatches.map(({ op }) => op.id)).toEqual(["linear"]);
    await program.run({ a });
    const after = await runtime.states.read(region);
    const scale = Math.sqrt(k) * 4 * 2 ** -23 * k;
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let exact = before[row * n + column]!;
        for (let inner = 0; inner < k; inner++) exact += a[row * k + inner]! * b[inner * n + column]!;
        expect(Math.abs(after[row * n + column]! - exact)).toBeLessThan(scale);
      }
    }
    program.dispose();
    runtime.weights.delete("b");
    runtime.states.free(region);
  });
});

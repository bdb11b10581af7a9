// Replayed steps train as on the CPU backend, make nothing new on the device, and leave nothing behind.
import { createCpuBackend } from "@attune/backend-cpu";
import { createRuntime, type Runtime, type WebgpuKernelCode } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { changedGpu, nullGpu, skipReason, softwareGpu } from "./open-test-device.ts";
import { allocateStates, buildStep, stepInputs } from "./training-step.ts";

async function losses(runtime: Runtime, steps: number): Promise<number[]> {
  await allocateStates(runtime);
  const program = await runtime.compile(buildStep);
  const found: number[] = [];
  for (let step = 0; step < steps; step++) found.push((await program.run(stepInputs()))["loss"]![0]!);
  await runtime.dispose();
  return found;
}

describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
  it("four steps have the losses of the CPU backend", { timeout: 600_000 }, async () => {
    const expected = await losses(createRuntime({ backend: createCpuBackend({ threads: 1 }) }), 4);
    const actual = await losses(createRuntime({ backend: await createWebgpuBackend({ gpu: softwareGpu() }) }), 4);
    expect(expected.at(-1)!).toBeLessThan(expected[0]! - 0.1);
    // Both are within 4 eps √K of the exact loss at each step, with K below 1e4 roundings, and AdamW's first steps, which divide by √v,
    // carry relative errors of gradients on undamped.
    for (const [step, loss] of actual.entries())
      expect(Math.abs(loss - expected[step]!)).toBeLessThan(8 * 2 ** -23 * 100 * (step + 1) * expected[0]!);
  });
});

describe("on the null backend", () => {
  it("a step submits its dispatches in few passes, and makes no object after the first", {
    timeout: 120_000,
  }, async () => {
    const calls: Record<string, number> = {};
    const gpu = changedGpu(nullGpu(), (adapter) => ({
      async requestDevice(descriptor) {
        const device = await adapter.requestDevice(descriptor);
        for (const name of [
          "createBuffer",
          "createBindGroup",
          "createComputePipelineAsync",
          "createCommandEncoder",
        ] as const) {
          const original = device[name].bind(device) as (...given: unknown[]) => unknown;
          Object.defineProperty(device, name, {
            value: (...given: unknown[]) => {
              calls[name] = (calls[name] ?? 0) + 1;
              return original(...given);
            },
          });
        }
        return device;
      },
    }));
    const runtime = createRuntime({ backend: await createWebgpuBackend({ gpu }) });
    await allocateStates(runtime);
    const program = await runtime.compile(buildStep);
    await program.run(stepInputs());
    const before = { ...calls };
    for (let step = 0; step < 10; step++) await program.run(stepInputs());
    const made = Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, count - before[name]!]));
    const stages = program.plan.dispatches.reduce((sum, { code }) => sum + (code as WebgpuKernelCode).stages.length, 0);
    expect(stages).toBeGreaterThan(100);
    // One encoder for every 96 dispatches, one for the first 16, and one to read the loss.
    expect(made).toEqual({
      createBuffer: 0,
      createBindGroup: 0,
      createComputePipelineAsync: 0,
      createCommandEncoder: 10 * (2 + Math.ceil((stages - 16) / 96)),
    });
    await runtime.dispose();
  });
});

// Memory that runs out, and a device that is lost in the middle of a run: each is injected, is told as what it is, and breaks nothing else.
import { createRuntime, linear, mul, type Runtime, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { watchDevice } from "../src/device/device-health.ts";
import { createWebgpuBackend } from "../src/index.ts";
import { changedGpu, nullGpu, skipReason, softwareGpu } from "./open-test-device.ts";
import { allocateStates, buildStep, stepInputs } from "./training-step.ts";

/** A GPU, the null backend unless given, whose device is changed. */
function changedDevice(change: (device: GPUDevice) => void, gpu = nullGpu()): GPU {
  return changedGpu(gpu, (adapter) => ({
    async requestDevice(descriptor) {
      const device = await adapter.requestDevice(descriptor);
      change(device);
      return device;
    },
  }));
}

/** A runtime on a device without memory for buffers that `lacks` names, as long as it does. */
async function withoutMemory(lacks: { label: string | undefined }): Promise<Runtime> {
  const gpu = changedDevice((device) => {
    const scopes: GPUErrorFilter[] = [];
    let failed = false;
    const [push, pop, create] = [device.pushErrorScope, device.popErrorScope, device.createBuffer].map((method) =>
      (method as (...given: never[]) => unknown).bind(device),
    ) as [GPUDevice["pushErrorScope"], GPUDevice["popErrorScope"], GPUDevice["createBuffer"]];
    device.pushErrorScope = (filter) => {
      scopes.push(filter);
      return push(filter);
    };
    device.createBuffer = (buffer) => {
      failed ||= buffer.label === lacks.label;
      return create(buffer);
    };
    device.popErrorScope = async () => {
      const exhausted = scopes.pop() === "out-of-memory" && failed;
      if (exhausted) failed = false;
      const found = await pop();
      return exhausted ? ({ message: "the heap is full" } as GPUError) : found;
    };
  });
  return createRuntime({ backend: await createWebgpuBackend({ gpu }) });
}

describe("memory that runs out", () => {
  it("is told with what was asked for and what is held, and leaves the rest as it was", async () => {
    const lacks: { label: string | undefined } = { label: undefined };
    const runtime = await withoutMemory(lacks);
    await runtime.states.allocate("first", 1024);
    lacks.label = "state";
    await expect(runtime.states.allocate("second", 2048)).rejects.toMatchObject({
      code: "MEMORY_EXCEEDED",
      message: "The GPU has no 8192 bytes for state beside the 4096 bytes that are held: the heap is full",
      hint: expect.stringContaining("smaller batch"),
    });
    expect(runtime.memory().state).toBe(4096);
    lacks.label = undefined;
    await runtime.states.allocate("second", 2048);
    expect(runtime.memory().state).toBe(12288);
    await runtime.dispose();
  });

  it("is told of what stages hand on, and plans that need less go on", async () => {
    const lacks: { label: string | undefined } = { label: undefined };
    const runtime = await withoutMemory(lacks);
    const small = await runtime.compile((trace) => trace.output("y", mul(trace.input("x", tensorType([4])), 2)));
    await small.run({ x: [1, 2, 3, 4] });
    lacks.label = "scratch";
    // A sum over 2,500 values is cut in parts, which wait in scratch to be joined.
    const large = () =>
      runtime.compile((trace) => {
        const [x, weight] = [trace.input("x", tensorType([5, 2500])), trace.input("weight", tensorType([12, 2500]))];
        trace.output("y", linear(x, weight));
      });
    await expect(
      large().then((program) => program.run({ x: new Float32Array(12500), weight: new Float32Array(30000) })),
    ).rejects.toMatchObject({
      code: "MEMORY_EXCEEDED",
      message: expect.stringMatching(/no \d+ bytes for what the stages of a kernel hand on: the heap is full/),
    });
    await small.run({ x: [1, 2, 3, 4] });
    lacks.label = undefined;
    await (await large()).run({ x: new Float32Array(12500), weight: new Float32Array(30000) });
    await small.run({ x: [1, 2, 3, 4] });
    await runtime.dispose();
  });

  it.each([
    ["GPUOutOfMemoryError", "MEMORY_EXCEEDED", /ran out of memory: no more/],
    ["GPUValidationError", "INTERNAL", /refused a command: no more/],
  ])("that no call has asked for (%s) fails the next call as %s", async (name, code, message) => {
    const listeners: ((event: unknown) => void)[] = [];
    const health = watchDevice({
      lost: new Promise(() => {}),
      addEventListener: (_: string, listener: (event: unknown) => void) => void listeners.push(listener),
    } as unknown as GPUDevice);
    health.assert();
    const kind = { [name]: class {} }[name]!;
    for (const listener of listeners) listener({ error: Object.assign(new kind(), { message: "no more" }) });
    expect(() => health.assert()).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

/** A GPU whose device is lost after so many submits from `begin()` on. */
function lostAfter(submits: number, gpu = nullGpu()): { readonly gpu: GPU; begin(): void } {
  let left = Number.POSITIVE_INFINITY;
  const changed = changedDevice((device) => {
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (commands) => {
      submit(commands);
      if (--left === 0) device.destroy();
    };
  }, gpu);
  return {
    gpu: changed,
    begin() {
      left = submits;
    },
  };
}

async function training(gpu: GPU): Promise<{ readonly runtime: Runtime; readonly step: () => Promise<unknown> }> {
  const runtime = createRuntime({ backend: await createWebgpuBackend({ gpu }) });
  await allocateStates(runtime);
  const program = await runtime.compile(buildStep);
  return { runtime, step: async () => (await program.run(stepInputs()))["loss"] };
}

const lost = { code: "DEVICE_UNAVAILABLE", hint: expect.stringContaining("--resume") };

describe("a device that is lost between two dispatches", () => {
  it.each([1, 2])("fails the run after submit %i, and every call after it", { timeout: 120_000 }, async (submits) => {
    const { gpu, begin } = lostAfter(submits);
    const { runtime, step } = await training(gpu);
    await step();
    begin();
    await expect(step()).rejects.toMatchObject(lost);
    await expect(step()).rejects.toMatchObject(lost);
    await expect(runtime.states.read("parameters")).rejects.toMatchObject(lost);
  });

  const title = `loses no step that was saved: a new device goes on to the same bits ${skipReason ?? ""}`;
  it.skipIf(skipReason !== undefined)(title, { timeout: 600_000 }, async () => {
    const regions = ["parameters", "first", "second"];
    const whole = await training(softwareGpu());
    const losses = [await whole.step(), await whole.step(), await whole.step(), await whole.step()];
    const { gpu, begin } = lostAfter(1, softwareGpu());
    const first = await training(gpu);
    expect([await first.step(), await first.step()]).toEqual(losses.slice(0, 2));
    const saved = await Promise.all(regions.map((region) => first.runtime.states.read(region)));
    begin();
    await expect(first.step()).rejects.toMatchObject(lost);
    const second = await training(softwareGpu());
    for (const [index, region] of regions.entries()) await second.runtime.states.write(region, saved[index]!);
    expect([await second.step(), await second.step()]).toEqual(losses.slice(2));
    for (const region of regions)
      expect(await second.runtime.states.read(region)).toEqual(await whole.runtime.states.read(region));
    await second.runtime.dispose();
    await whole.runtime.dispose();
  });
});

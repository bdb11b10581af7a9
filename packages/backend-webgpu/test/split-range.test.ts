// Tensors that are larger than a device binds, or than it makes buffers: shaders that reach them in parts, and whole steps that do.
import {
  attention,
  type CompileOptions,
  createRuntime,
  crossEntropy,
  embedding,
  gradients,
  type HostValues,
  linear,
  mean,
  type Runtime,
  reshape,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { describe, expect, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { segmentsOf, splitVariable } from "../src/plan/split-range.ts";
import { changedGpu, nullGpu, skipReason, softwareGpu } from "./open-test-device.ts";
import { allocateStates, buildStep, stepInputs } from "./training-step.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe("segmentsOf", () => {
  it("cuts a range at what is bound at once, and where buffers end", () => {
    expect(segmentsOf(512, 1024, { bindingBytes: 4096, pieceBytes: 2048 })).toEqual([
      { piece: 0, offset: 512, bytes: 1024 },
    ]);
    expect(segmentsOf(1792, 1024, { bindingBytes: 512, pieceBytes: 2048 })).toEqual([
      { piece: 0, offset: 1792, bytes: 256 },
      { piece: 1, offset: 0, bytes: 512 },
      { piece: 1, offset: 512, bytes: 256 },
    ]);
  });
});

describe("splitVariable", () => {
  const segments = [
    { piece: 0, offset: 0, bytes: 256 },
    { piece: 1, offset: 0, bytes: 128 },
  ];
  const split = (wgsl: string, type = "array<vec4f>"): string => splitVariable(wgsl, "y", type, segments, true).wgsl;

  it("turns reads and assignments into calls, nested ones too, and nothing else", () => {
    expect(split("y[i + k[j]] = vec4f(y[i][2], my_y[0], z.y[1]);\nlet same = y[y_of[1]] == x;")).toBe(
      "y_write(i + k[j], vec4f(y_read(i)[2], my_y[0], z.y[1]));\nlet same = y_read(y_of[1]) == x;",
    );
  });

  it("chooses the variable by the index", () => {
    const { names, functions } = splitVariable("", "y", "array<vec4f>", segments, false);
    expect(names).toEqual(["y_part0", "y_part1"]);
    expect(functions).toBe(
      "fn y_read(index: u32) -> vec4f {\n  if (index < 16u) {\n    return y_part0[index];\n  }\n  return y_part1[index - 16u];\n}\n",
    );
  });

  it("refuses what kernels do not have", () => {
    expect(() => split("y[i] += x;")).toThrow(/assigns to y/);
    expect(() => split("y[i][1] = 2f;")).toThrow(/assigns to y/);
    expect(() => split("", "array<mat4x4f>")).toThrow(/array<mat4x4f>/);
  });
});

/** A GPU with smaller limits than it has. */
function limited(gpu: GPU, limits: Partial<Record<keyof GPUSupportedLimits, number>>): GPU {
  return changedGpu(gpu, (adapter) => {
    const own: Record<string, number> = {};
    for (const name in adapter.limits) own[name] = adapter.limits[name as keyof GPUSupportedLimits] as number;
    const claimed = { ...own, ...limits };
    return {
      limits: claimed,
      // Requested limits never get below the defaults, so the device is told to say what it was asked for.
      async requestDevice(descriptor) {
        const device = await adapter.requestDevice({ ...descriptor, requiredLimits: own });
        return new Proxy(device, {
          get(target, key) {
            const value = key === "limits" ? claimed : Reflect.get(target, key);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    };
  });
}

async function stepsOn(gpu: GPU, steps: number, options?: CompileOptions): Promise<Record<string, unknown>> {
  const runtime: Runtime = createRuntime({ backend: await createWebgpuBackend({ gpu }) });
  await allocateStates(runtime);
  const program = await runtime.compile((trace: Trace) => buildStep(trace), options);
  const losses: unknown[] = [];
  for (let step = 0; step < steps; step++) losses.push((await program.run(stepInputs()))["loss"]);
  const parameters = await runtime.states.read("parameters");
  await runtime.dispose();
  return { losses, parameters };
}

describe.skipIf(skipReason !== undefined)(`a step of training on SwiftShader ${skipReason ?? ""}`, () => {
  // Parameters, moments and gradients take 0.8 MB each, activations 8 KB.
  it.each([
    ["binds less at once than the parameters take", { maxStorageBufferBindingSize: 256 * 1024 }],
    ["makes smaller buffers than the parameters", { maxBufferSize: 512 * 1024 }],
    [
      "does both, and binds less than the activations",
      { maxStorageBufferBindingSize: 300_000, maxBufferSize: 300_000 },
    ],
  ])("gives the same where the device %s", async (_, limits) => {
    const whole = await stepsOn(softwareGpu(), 3);
    expect(await stepsOn(limited(softwareGpu(), limits), 3)).toEqual(whole);
  });

  it("gives the loss and the gradients of a table and a head that are larger than a binding, and so are logits and attention", async () => {
    const [rows, width, vocabulary] = [96, 64, 320];
    const compute = async (gpu: GPU): Promise<Record<string, HostValues>> => {
      const runtime = createRuntime({ backend: await createWebgpuBackend({ gpu }) });
      const values = (count: number): Float32Array =>
        Float32Array.from({ length: count }, (_, index) => Math.sin(index * 12.9898) * 0.3);
      for (const name of ["table", "head"]) {
        await runtime.states.allocate(name, vocabulary * width);
        await runtime.states.write(name, values(vocabulary * width));
      }
      const program = await runtime.compile((trace) => {
        const [table, head] = ["table", "head"].map((name) => trace.state(name, tensorType([vocabulary, width])));
        const ids = trace.input("ids", tensorType([rows], "i32"));
        const x = reshape(embedding(ids, table!), [1, rows, 4, 16]);
        const hidden = reshape(attention({ q: x, k: x, v: x }, { causal: true }), [rows, width]);
        const [losses] = crossEntropy(linear(hidden, head!), ids);
        const total = mean(losses);
        const made = gradients(total, [table!, head!]);
        trace.output("loss", total);
        trace.output("table", made[0]!);
        trace.output("head", made[1]!);
      });
      const outputs = await program.run({ ids: Int32Array.from({ length: rows }, (_, i) => (i * 37) % vocabulary) });
      await runtime.dispose();
      return outputs;
    };
    const whole = await compute(softwareGpu());
    // The table and the head take 80 KiB, logits 120 KiB, queries 24 KiB.
    const parts = await compute(
      limited(softwareGpu(), { maxStorageBufferBindingSize: 48 * 1024, maxBufferSize: 200_000 }),
    );
    for (const name of ["loss", "table", "head"]) expect(parts[name]).toEqual(whole[name]);
  });

  it("crosses to and from buffers in pieces", async () => {
    const backend = await createWebgpuBackend({ gpu: limited(softwareGpu(), { maxBufferSize: 1024 }) });
    const allocation = await backend.allocate("state", 3000);
    const bytes = Uint8Array.from({ length: 2600 }, (_, index) => index % 251);
    await backend.write(allocation, 200, bytes);
    expect(await backend.read(allocation, 200, 2600)).toEqual(bytes);
    expect([...(await backend.read(allocation, 2796, 8))]).toEqual([...bytes.subarray(2596), 0, 0, 0, 0]);
    await backend.dispose();
  });
});

describe("an adapter that lies about a limit", () => {
  it("ends in a sentence where it binds less than it says", async () => {
    const gpu = changedGpu(nullGpu(), (adapter) => ({
      async requestDevice(descriptor) {
        const device = await adapter.requestDevice(descriptor);
        const create = device.createBindGroup.bind(device);
        device.createBindGroup = (group) => {
          const entries = [...group.entries].map((entry) => ({
            ...entry,
            resource: { ...(entry.resource as GPUBufferBinding), size: 2 ** 28 },
          }));
          return create({ ...group, entries });
        };
        return device;
      },
    }));
    await expect(stepsOn(gpu, 1)).rejects.toMatchObject({
      code: "MEMORY_EXCEEDED",
      message: expect.stringContaining("does not bind what its limits allow"),
    });
  });

  it("ends in a sentence where it makes no buffer of the size that it says", async () => {
    const gpu = changedGpu(nullGpu(), (adapter) => ({
      async requestDevice(descriptor) {
        const device = await adapter.requestDevice(descriptor);
        const create = device.createBuffer.bind(device);
        device.createBuffer = (buffer) => create(buffer.label === "state" ? { ...buffer, size: 2 ** 40 } : buffer);
        return device;
      },
    }));
    await expect(stepsOn(gpu, 1)).rejects.toMatchObject({
      code: "MEMORY_EXCEEDED",
      message: expect.stringMatching(/no \d+ bytes for state/),
    });
  });

  it("says so where a tensor takes more bindings of its size than there are", async () => {
    await expect(stepsOn(limited(nullGpu(), { maxStorageBufferBindingSize: 64 * 1024 }), 1)).rejects.toMatchObject({
      code: "MEMORY_EXCEEDED",
    });
  });
});

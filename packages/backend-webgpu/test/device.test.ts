// What goes wrong with a device is a sentence with a hint, and is found at the next call.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { add, createRuntime, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { createWebgpuBackend, describeGpu } from "../src/index.ts";
import { changedGpu, loadSwiftShader, nullGpu, skipReason, softwareGpu } from "./open-test-device.ts";

/** The null backend, whose devices are handed out to the test as well. */
function observed(devices: GPUDevice[]): GPU {
  return changedGpu(nullGpu(), (adapter) => ({
    async requestDevice(descriptor) {
      const device = await adapter.requestDevice(descriptor);
      devices.push(device);
      return device;
    },
  }));
}

describe("createWebgpuBackend", () => {
  it("says that there is no adapter, and what to use instead", async () => {
    await expect(createWebgpuBackend({ gpu: changedGpu(nullGpu(), () => null) })).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: "WebGPU found no adapter on this machine.",
      hint: expect.stringContaining("--device cpu"),
    });
  });

  it.each([
    [
      "a name that no adapter has",
      { adapter: "Voodoo 2" },
      /Available adapters:.*'Null backend'/s,
      /instead of "Voodoo 2"/,
    ],
    ["a backend that Dawn does not have", { flags: ["backend=glide"] }, /unrecognised backend 'glide'/, /the flags/],
  ])("says what there is for %s", async (_, options, message, hint) => {
    await expect(createWebgpuBackend({ flags: ["backend=null"], ...options })).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it.skipIf(skipReason !== undefined)("says that the GPU is a program on the CPU", async () => {
    loadSwiftShader();
    const notices: string[] = [];
    await (await createWebgpuBackend({ onNotice: (sentence) => notices.push(sentence) })).dispose();
    expect(notices).toEqual([expect.stringMatching(/no GPU, only "google swiftshader .*--device cpu/)]);
  });

  it("outlives the collection of what was opened and left, in whatever order", { timeout: 60_000 }, async () => {
    const program = fileURLToPath(new URL("dispose-and-collect.ts", import.meta.url));
    const flags = ["--expose-gc", "--conditions=@attune/source", program];
    const { stdout } = await promisify(execFile)(process.execPath, flags, {
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    expect(stdout).toBe("object webgpu\n");
  });

  it("says that the adapter gives no device", async () => {
    const gpu = changedGpu(nullGpu(), () => ({
      info: { vendor: "acme", architecture: "", description: "Model 1" },
      async requestDevice() {
        throw new Error("busy");
      },
    }));
    await expect(createWebgpuBackend({ gpu })).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: 'Adapter "acme Model 1" gives no device.',
    });
  });

  it("says so where an adapter claims a limit that its devices do not have", async () => {
    const gpu = changedGpu(nullGpu(), ({ limits }) => {
      const claimed: Record<string, number> = {};
      for (const name in limits) claimed[name] = limits[name as keyof GPUSupportedLimits] as number;
      return { limits: { ...claimed, maxBufferSize: 2 ** 50 } };
    });
    await expect(createWebgpuBackend({ gpu })).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });

  it("takes the device's limits, and f16, subgroups and the size of workgroup memory as features", async () => {
    const backend = await createWebgpuBackend({ gpu: nullGpu() });
    expect(backend.capabilities).toMatchObject({
      alignment: 256,
      maxBindings: 8,
      maxBindingBytes: 2 ** 27,
      maxAllocationBytes: 2 ** 28,
    });
    expect([...backend.capabilities.features].sort()).toEqual([
      "adapter:null-backend",
      "f16",
      "subgroup-matrix-layouts",
      "subgroup-size-control",
      "subgroup-size:4",
      "subgroups",
      "workgroup-bytes:16384",
    ]);
    await backend.dispose();
  });
});

describe("describeGpu", () => {
  it("names the adapter, its features and its largest buffer", async () => {
    const info = { vendor: "acme", architecture: "", device: "one", description: "driver 7" };
    const gpu = changedGpu(nullGpu(), () => ({ info }));
    const { name, features, maxBufferBytes } = await describeGpu({ gpu });
    expect({ name, maxBufferBytes }).toEqual({ name: "acme one driver 7", maxBufferBytes: 2 ** 28 });
    expect(features).toContain("f16");
  });
});

describe("memory", () => {
  it.skipIf(skipReason !== undefined)("reads what was written, at any number of bytes", async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    const allocation = await backend.allocate("state", 10);
    await backend.write(allocation, 4, Uint8Array.of(1, 2, 3, 4, 5));
    expect([...(await backend.read(allocation, 4, 5))]).toEqual([1, 2, 3, 4, 5]);
    expect([...(await backend.read(allocation, 0, 10))]).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 5, 0]);
    await backend.dispose();
  });
});

describe("a device that is lost", () => {
  /** A program on a device that can be lost. */
  async function doubling() {
    const devices: GPUDevice[] = [];
    const runtime = createRuntime({ backend: await createWebgpuBackend({ gpu: observed(devices) }) });
    const program = await runtime.compile((trace) => {
      const x = trace.input("x", tensorType([4]));
      trace.output("y", add(x, x));
    });
    return { device: devices[0]!, runtime, program };
  }

  it("fails the next run, write and allocation, and says how to go on", async () => {
    const { device, runtime, program } = await doubling();
    await program.run({ x: [1, 2, 3, 4] });
    device.destroy();
    await device.lost;
    const lost = { code: "DEVICE_UNAVAILABLE", hint: expect.stringContaining("--resume") };
    await expect(program.run({ x: [1, 2, 3, 4] })).rejects.toMatchObject(lost);
    await expect(runtime.states.allocate("more", 16)).rejects.toMatchObject(lost);
  });

  it("fails a run that is under way", async () => {
    const { device, program } = await doubling();
    const run = program.run({ x: [1, 2, 3, 4] });
    device.destroy();
    await expect(run).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });

  it("fails a profile that is under way", async () => {
    const { device, program } = await doubling();
    await program.run({ x: [1, 2, 3, 4] });
    const createBuffer = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor);
      // What is mapped last is what the timestamps were copied to.
      if (descriptor.usage & 1) device.destroy();
      return buffer;
    };
    await expect(program.profile({ x: [1, 2, 3, 4] })).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });
});

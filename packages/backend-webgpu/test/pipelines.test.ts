// Plans of one device share pipelines, and plans that come and go leave no more than a bounded number of them behind.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRuntime, mul, tensorType } from "@attune/tensor-core";
import { expect, it } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import type { LinkedStage } from "../src/plan/link-stage.ts";
import { createPipelineCache } from "../src/plan/pipelines.ts";
import { changedGpu, nullGpu } from "./open-test-device.ts";

const stage = (factor: number): LinkedStage => ({
  wgsl: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(64) fn main() { y[0] *= ${factor}f; }\n`,
  ranges: [{ place: 0, piece: 0, offset: 0, bytes: 256, writable: true }],
  workgroups: [1, 1, 1],
});

it("compiles a shader once for all who use it, and keeps the latest of those that nobody does", async () => {
  const gpu = nullGpu();
  const device = await (await gpu.requestAdapter())!.requestDevice();
  const cache = createPipelineCache(device, 2);
  const first = await cache.get(stage(1));
  expect(await cache.get(stage(1))).toBe(first);
  cache.giveBack(stage(1));
  for (const factor of [2, 3, 4]) {
    await cache.get(stage(factor));
    cache.giveBack(stage(factor));
  }
  // 1 is in use, 3 and 4 are kept.
  expect(cache.size()).toBe(3);
  expect(await cache.get(stage(1))).toBe(first);
  const kept = await cache.get(stage(4));
  cache.giveBack(stage(4));
  expect(await cache.get(stage(4))).toBe(kept);
  device.destroy();
});

it("many plans, one after the other, leave resident memory where it was", async () => {
  let compiled = 0;
  const gpu = changedGpu(nullGpu(), (adapter) => ({
    async requestDevice(descriptor) {
      const device = await adapter.requestDevice(descriptor);
      const create = device.createComputePipelineAsync.bind(device);
      device.createComputePipelineAsync = (pipeline) => {
        compiled++;
        return create(pipeline);
      };
      return device;
    },
  }));
  const runtime = createRuntime({ backend: await createWebgpuBackend({ gpu }) });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const plan = async (factor: number): Promise<void> => {
    const program = await runtime.compile((trace) => {
      trace.output("y", mul(trace.input("x", tensorType([64])), factor));
    });
    await program.run({ x: new Float32Array(64) });
    program.dispose();
  };
  const resident: number[] = [];
  for (let index = 0; index < 2400; index++) {
    if (index % 800 === 0 && index > 0) {
      collect();
      resident.push(process.memoryUsage.rss());
    }
    await plan(index + 2);
  }
  collect();
  resident.push(process.memoryUsage.rss());
  expect(compiled).toBe(2400);
  await plan(2401);
  expect(compiled).toBe(2400);
  // Pipelines that stayed would take some 20 KB each: 16 MB between two of these.
  expect(resident[2]! - resident[1]!).toBeLessThan(8 * 2 ** 20);
  await runtime.dispose();
}, 120_000);

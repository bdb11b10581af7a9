// What dispatches take at least of a device, and how devices are named.
import { describe, expect, it } from "vitest";
import {
  type DeviceDescription,
  type Dispatch,
  explainPlan,
  knownDevices,
  type Plan,
  parseDevice,
  rooflineOf,
  type WebgpuBuffer,
  type WebgpuStage,
} from "../src/index.ts";

const device: DeviceDescription = {
  id: "test",
  name: "a device",
  flops: { f32: 1000, f16: 4000 },
  bandwidth: 100,
  cacheBytes: 50,
  source: "made up",
};

const buffer = (name: string, index: number, traffic?: WebgpuBuffer["traffic"]): WebgpuBuffer => ({
  name,
  type: "array<f32>",
  source: "binding",
  index,
  ...(traffic && { traffic }),
});

/** A plan of one dispatch that reads 40 bytes and writes 20. */
function planOf(stages: readonly Partial<WebgpuStage>[], flops = 0): Plan {
  const dispatch = {
    op: { id: "op" },
    kernel: "kernel",
    inputs: [],
    outputs: [],
    attributes: {},
    scope: "",
    bindings: [
      { region: 0, offset: 0, bytes: 40, access: "read", operand: 0 },
      { region: 1, offset: 0, bytes: 20, access: "write", operand: 1 },
    ],
    code: { backend: "webgpu", stages, scratch: [8] },
    flops,
    bytesMoved: 60,
  } as unknown as Dispatch;
  return {
    backend: "webgpu",
    dispatches: [dispatch],
    regions: [{ name: "a" }, { name: "b" }],
    memory: { arena: 0, staging: 0, unshared: 0 },
  } as unknown as Plan;
}

const moved = (...stages: readonly Partial<WebgpuStage>[]): number => rooflineOf(planOf(stages), device)[0]!.movedBytes;

describe("rooflineOf", () => {
  it("counts operands once, and further passes where the cache no longer holds what was met", () => {
    expect(moved({ buffers: [buffer("x", 0), buffer("y", 1)] })).toBe(60);
    expect(moved({ buffers: [buffer("x", 0, { passes: 3, apart: 51 }), buffer("y", 1)] })).toBe(140);
    expect(moved({ buffers: [buffer("x", 0, { passes: 3, apart: 50 }), buffer("y", 1)] })).toBe(60);
    expect(moved({ buffers: [buffer("x", 0, { bytes: 4 }), buffer("y", 1, { rewritten: true })] })).toBe(44);
  });

  it("counts what stages hand on, and leaves out a copy of a range to itself", () => {
    const scratch: WebgpuBuffer = { name: "s", type: "array<f32>", source: "scratch", index: 0 };
    expect(moved({ buffers: [buffer("x", 0), scratch] }, { buffers: [scratch, buffer("y", 1)] })).toBe(76);
    const copy = { buffers: [buffer("x", 1), buffer("z", 1)], copies: ["x", "z"] as const };
    expect(rooflineOf(planOf([copy]), device)[0]).toMatchObject({ movedBytes: 0, launches: 0 });
  });

  it("takes the longer of computing and moving, with the peak of matrices where the kernel uses them", () => {
    const stage = { buffers: [buffer("x", 0), buffer("y", 1)] };
    expect(rooflineOf(planOf([stage], 500), device)[0]).toMatchObject({ seconds: 0.6, bound: "memory", share: 1 });
    expect(rooflineOf(planOf([stage], 1000), device)[0]).toMatchObject({ seconds: 1, bound: "compute" });
    const matrices = { ...stage, features: ["subgroup-matrix"] as const };
    expect(rooflineOf(planOf([matrices], 1000), device)[0]).toMatchObject({ seconds: 0.6, bound: "memory" });
  });
});

it("explainPlan says it of each dispatch and of all", () => {
  const text = explainPlan(
    planOf([{ buffers: [buffer("x", 0, { passes: 2, apart: 99 }), buffer("y", 1)] }], 7),
    device,
  );
  expect(text).toContain("7 FLOP, 60 bytes; moves 1.67 of that, at least 1000000.00 us by memory, 100.00 %");
  expect(text).toContain("a device: 0.0 TFLOPS in f32");
  expect(text).toContain("in 1 launches, 0 % of it bound by compute");
});

describe("parseDevice", () => {
  it("knows devices by id, each with its source", () => {
    for (const known of knownDevices) {
      expect(parseDevice(known.id)).toBe(known);
      expect(known.source).not.toBe("");
    }
  });

  it("takes peaks", () => {
    expect(parseDevice("f32=14.2e12,bandwidth=400e9,cache=8388608")).toMatchObject({
      flops: { f32: 14.2e12, f16: undefined },
      bandwidth: 4e11,
      cacheBytes: 2 ** 23,
    });
  });

  it.each([
    ["voodoo-2", "ID_UNKNOWN", /h100, h200, rtx-4090/],
    ["f32=1e12", "OPTIONS_INVALID", /both/],
    ["f32=fast,bandwidth=1", "OPTIONS_INVALID", /positive/],
    ["f64=1,bandwidth=1", "OPTIONS_INVALID", /f32, f16/],
  ])("refuses %s", (text, code, hint) => {
    expect(() => parseDevice(text)).toThrow(expect.objectContaining({ code, hint: expect.stringMatching(hint) }));
  });
});

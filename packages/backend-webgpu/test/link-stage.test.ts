// Which buffers WebGPU lets a dispatch bind, and what the backend does where a plan asks for more.

import type { WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import {
  add,
  cast,
  createRuntime,
  matmul,
  mul,
  type Runtime,
  reshape,
  slice,
  sumOfSquares,
  tensorType,
} from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { linkStage, type Range } from "../src/plan/link-stage.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const buffer = (name: string, index: number, type = "array<f32>"): WebgpuBuffer => ({
  name,
  type,
  source: "binding",
  index,
});
const range = (place: number, offset: number, bytes: number, written = false, writable = true): Range => ({
  place,
  offset,
  bytes,
  written,
  writable,
});
const link = (stage: Partial<WebgpuStage>, ranges: readonly Range[]): ReturnType<typeof linkStage> =>
  linkStage(
    {
      wgsl: "fn main() { y[0] = x[0] + v.x; }",
      buffers: [buffer("x", 0), buffer("y", 1)],
      workgroups: [1, 1, 1],
      ...stage,
    },
    ({ index }) => ranges[index]!,
    (bytes) => ({ place: "scratch", offset: 0, bytes, written: true, writable: true }),
    { bindingBytes: 2 ** 27, pieceBytes: 2 ** 28 },
  );

describe("linkStage", () => {
  it("binds weights read-only and everything else writable", () => {
    const { stage } = link({}, [range(0, 0, 64, false, false), range(1, 256, 64, true)])!;
    expect(stage.wgsl).toContain("@binding(0) var<storage, read_write> y: array<f32>;");
    expect(stage.wgsl).toContain("@binding(1) var<storage, read> x: array<f32>;");
  });

  it("makes operands in one range one variable, and leaves members of that name alone", () => {
    const { stage, copies } = link({}, [range(0, 0, 64), range(0, 0, 64, true)])!;
    expect(stage.ranges).toHaveLength(1);
    expect(copies).toEqual([]);
    expect(stage.wgsl).toContain("y[0] = y[0] + v.x;");
  });

  it("copies an operand that overlaps another, or that shares its range under another type", () => {
    for (const [buffers, ranges] of [
      [undefined, [range(0, 0, 128), range(0, 64, 64, true)]],
      [
        [buffer("x", 0, "array<i32>"), buffer("y", 1)],
        [range(0, 0, 64), range(0, 0, 64, true)],
      ],
    ] as const) {
      const { stage, copies } = link(buffers ? { buffers } : {}, ranges)!;
      expect(copies).toEqual([{ from: ranges[0], to: expect.objectContaining({ place: "scratch" }) }]);
      expect(stage.ranges.map(({ place }) => place)).toEqual([0, "scratch"]);
    }
  });

  it("leaves out a copy of a range to itself", () => {
    expect(link({ copies: ["x", "y"] }, [range(0, 0, 64), range(0, 0, 64, true)])).toBeUndefined();
    const { stage, copies } = link({ copies: ["x", "y"] }, [range(0, 0, 64), range(0, 64, 64, true)])!;
    expect(copies).toEqual([]);
    expect(stage.ranges.map(({ offset, bytes }) => [offset, bytes])).toEqual([
      [64, 64],
      [0, 64],
    ]);
  });
});

describe.skipIf(skipReason !== undefined)(`plans on SwiftShader ${skipReason ?? ""}`, () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = createRuntime({ backend: await createWebgpuBackend({ gpu: softwareGpu() }) });
  });
  afterAll(() => runtime.dispose());

  it("read views that overlap, values under two shapes, and integers in place of floats", async () => {
    const program = await runtime.compile((trace) => {
      const x = trace.input("x", tensorType([2, 64]));
      const y = mul(x, 2);
      trace.output("overlap", add(y, slice(y, { axis: 0, start: 0, length: 1 })));
      trace.output(
        "shapes",
        mul(reshape(slice(y, { axis: 0, start: 0, length: 1 }), [64, 1]), slice(y, { axis: 0, start: 0, length: 1 })),
      );
      trace.output("square", matmul(y, y, { transposeB: true }));
      trace.output("integers", cast(cast(mul(y, 10), "i32"), "f32"));
    });
    const x = Float32Array.from({ length: 128 }, (_, index) => (index % 7) - 3);
    const { overlap, shapes, square, integers } = await program.run({ x });
    program.dispose();
    const y = x.map((value) => 2 * value);
    expect([...overlap!]).toEqual([...y].map((value, index) => value + y[index % 64]!));
    expect([...shapes!]).toEqual(Array.from({ length: 4096 }, (_, index) => y[index >> 6]! * y[index & 63]!));
    const dot = (i: number, j: number): number =>
      y.subarray(0, 64).reduce((sum, _, index) => sum + y[64 * i + index]! * y[64 * j + index]!, 0);
    expect([...square!]).toEqual([dot(0, 0), dot(0, 1), dot(1, 0), dot(1, 1)]);
    expect([...integers!]).toEqual([...y].map((value) => 10 * value));
  });

  it("are timed, each dispatch with all its stages, and run as they do otherwise", async () => {
    const program = await runtime.compile((trace) => {
      const x = trace.input("x", tensorType([64, 256]));
      trace.output("y", matmul(x, trace.input("w", tensorType([64, 256])), { transposeB: true }));
      trace.output("total", sumOfSquares(x));
    });
    const inputs = { x: new Float64Array(64 * 256).fill(1), w: new Float64Array(64 * 256).fill(1) };
    const { milliseconds } = await program.profile(inputs);
    expect(milliseconds).toHaveLength(program.plan.dispatches.length);
    expect(Math.min(...milliseconds)).toBeGreaterThan(0);
    expect((await program.run(inputs))["total"]![0]).toBe(64 * 256);
    program.dispose();
  });

  it("work over empty tensors and more workgroups than an axis has", async () => {
    const program = await runtime.compile((trace) => {
      const none = trace.input("none", tensorType([3, 0]));
      trace.output("y", matmul(none, none, { transposeB: true }));
      const many = trace.input("many", tensorType([65536 * 64 + 3]));
      trace.output("last", slice(add(many, 1), { axis: 0, start: 65536 * 64, length: 3 }));
    });
    const { y, last } = await program.run({ none: [], many: new Float32Array(65536 * 64 + 3).fill(2) });
    program.dispose();
    expect([...y!]).toEqual(new Array(9).fill(0));
    expect([...last!]).toEqual([3, 3, 3]);
  });
});

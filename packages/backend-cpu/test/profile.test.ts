import {
  createRuntime,
  type Executable,
  formatProfile,
  linear,
  type Plan,
  type Profile,
  profileRows,
  silu,
  tensorType,
} from "@attune/tensor-core";
import { afterEach, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.ts";

const runtimes: ReturnType<typeof createRuntime>[] = [];
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.dispose();
});

async function compile(backend: Parameters<typeof createRuntime>[0]["backend"]) {
  const runtime = createRuntime({ backend });
  runtimes.push(runtime);
  return runtime.compile((trace) => {
    const x = trace.input("x", tensorType([200, 300]));
    const [first, second] = ["first", "second"].map((name) => trace.input(name, tensorType([300, 300])));
    trace.output("y", linear(silu(linear(linear(x, first!), second!)), first!));
  });
}

const values = Float32Array.from({ length: 300 * 300 }, (_, index) => ((index * 31) % 17) / 170);
const inputs = { x: values.subarray(0, 200 * 300), first: values, second: values };

describe("program.profile", () => {
  it.each([1, 3])("times every dispatch on %i threads, and leaves the outputs of a run", async (threads) => {
    const program = await compile(createCpuBackend({ threads, wide: false }));
    const { y: wanted } = await program.run(inputs);
    const { plan, milliseconds, waiting, outputs } = await program.profile(inputs);
    expect(outputs["y"]).toEqual(wanted);
    expect(program.canProfile).toBe(true);
    // Alone, a thread waits for nobody: what is counted is the reading of the clock.
    expect(waiting).toBeGreaterThanOrEqual(0);
    if (threads === 1) expect(waiting).toBeLessThan(0.1 * milliseconds.reduce((sum, time) => sum + time, 0));
    expect(milliseconds).toHaveLength(plan.dispatches.length);
    expect(milliseconds.every((time) => Number.isFinite(time) && time >= 0)).toBe(true);
    expect(Math.max(...milliseconds)).toBeGreaterThan(0);
    expect((await program.run(inputs))["y"]).toEqual(wanted);
  });

  it("sums up by kernel and by signature, of several runs the fastest time of each dispatch", async () => {
    const { plan } = await compile(createCpuBackend({ threads: 1, wide: false }));
    const count = plan.dispatches.length;
    const profile = (time: (index: number) => number): Profile => ({
      plan,
      milliseconds: Float64Array.from({ length: count }, (_, index) => time(index)),
    });
    const profiles = [profile((index) => 1 + index), profile(() => 2)];
    const rows = profileRows(profiles);
    const fastest = 1 + 2 * (count - 1);
    expect(rows.reduce((sum, row) => sum + row.milliseconds, 0)).toBe(fastest);
    const products = rows.find(({ name }) => name === "cpu.linear.packed")!;
    expect(products.flops).toBe(3 * 2 * 200 * 300 * 300);
    expect(products.dispatches).toBe(3);
    expect(profileRows(profiles, "signature").map(({ name }) => name)).toContain(
      "cpu.linear.packed transposeB f32[200, 300] f32[300, 300] -> f32[200, 300]",
    );
    const rate = products.flops / products.milliseconds / 1e6;
    const line = formatProfile(rows, rate)
      .split("\n")
      .find((text) => text.endsWith("cpu.linear.packed"))!;
    expect(line).toContain("100 %");
    expect(line).toContain(`${((100 * products.milliseconds) / fastest).toFixed(1)} %`);
  });

  it("is refused by a backend that cannot tell", async () => {
    const backend = createCpuBackend({ threads: 1, wide: false });
    const silent = async (plan: Plan): Promise<Executable> => {
      const { profile: _, ...executable } = await backend.compile(plan);
      return executable;
    };
    const program = await compile({ ...backend, compile: silent });
    expect(program.canProfile).toBe(false);
    await expect(program.profile(inputs)).rejects.toThrow(expect.objectContaining({ code: "DEVICE_UNAVAILABLE" }));
  });
});

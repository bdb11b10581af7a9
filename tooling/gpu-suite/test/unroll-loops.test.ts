// Shaders with their short loops written out compute the same bits: what is timed both ways has to be one computation.
import { createWebgpuBackend } from "@attune/backend-webgpu";
import { attention, createRuntime, gradients, linear, sumOfSquares, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { skipReason, softwareGpu } from "../../../packages/backend-webgpu/test/open-test-device.ts";
import { unrollLoops, withUnrolledLoops } from "../src/sections/unroll-loops.ts";

describe("unrollLoops", () => {
  it("writes short loops out, from constants that follow from others, the inner ones too", () => {
    const wgsl = `const tile = 8u;
const quads = tile / 4u;
fn main() {
  for (var i = 0u; i < quads; i++) {
    for (var j = 0u; j < 2u; j++) { sums[i * 2u + j] += values.i[j]; }
  }
}`;
    expect(unrollLoops(wgsl).replaceAll(/\s+/g, " ")).toContain(
      "{ { sums[0u * 2u + 0u] += values.i[0u]; } { sums[0u * 2u + 1u] += values.i[1u]; } } { { sums[1u",
    );
  });

  it.each([
    ["is long", "for (var i = 0u; i < 9u; i++) { x += i; }"],
    ["ends where the data say so", "for (var i = 0u; i < count; i++) { x += i; }"],
    ["leaves a round early", "for (var i = 0u; i < 2u; i++) { if (x > i) { continue; } x += i; }"],
    ["has a long one in it", "for (var i = 0u; i < 2u; i++) { for (var j = 0u; j < 64u; j++) { x += j; }}"],
  ])("leaves a loop alone that %s", (_, loop) => {
    expect(unrollLoops(loop)).toBe(loop);
  });
});

describe.skipIf(skipReason !== undefined)(
  `a backend with its loops written out, on SwiftShader ${skipReason ?? ""}`,
  () => {
    it("computes the same bits", { timeout: 300_000 }, async () => {
      const plain = await createWebgpuBackend({ gpu: softwareGpu() });
      const values = (count: number, step: number): Float32Array =>
        Float32Array.from({ length: count }, (_, index) => Math.sin(index * step));
      const results: Record<string, ArrayLike<number>>[] = [];
      const shaders: string[] = [];
      for (const backend of [plain, withUnrolledLoops(plain)]) {
        const runtime = createRuntime({ backend });
        const program = await runtime.compile((trace) => {
          const [x, w] = [trace.input("x", tensorType([70, 65])), trace.input("w", tensorType([68, 65]))];
          const [q, k] = ["q", "k"].map((name) => trace.input(name, tensorType([1, 40, 2, 12])));
          const o = attention({ q: q!, k: k!, v: k! }, { causal: true });
          trace.output("y", linear(x, w, { activation: "gelu" }));
          trace.output("o", o);
          gradients(sumOfSquares(o), [q!, k!]).forEach((each, index) => {
            trace.output(`d${index}`, each);
          });
        });
        shaders.push(JSON.stringify(program.plan.dispatches.map(({ code }) => code)));
        const inputs = { x: values(70 * 65, 0.3), w: values(68 * 65, 0.7), q: values(960, 0.11), k: values(960, 0.23) };
        results.push(await program.run(inputs));
      }
      expect(results[1]).toEqual(results[0]);
      expect(shaders[1]).not.toBe(shaders[0]);
      await plain.dispose();
    });
  },
);

// Every shader that the conformance suite makes is compiled by Dawn's null backend, which has f16, subgroups and the smallest limits
// that WebGPU allows; it runs nothing, so values are not compared.
import { AttuneError } from "@attune/spec";
import { testBackend } from "@attune/tensor-conformance";
import { batchedMatmul, createRuntime, linear, tensorType } from "@attune/tensor-core";
import { expect, it } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { shaders } from "../src/shader/shaders.generated.ts";
import { changedGpu, nullGpu } from "./open-test-device.ts";

it.each(["f32", "f16"] as const)(
  "every shader compiles for products in %s within the smallest limits",
  async (products) => {
    const conformance = testBackend(() => createWebgpuBackend({ gpu: nullGpu(), products, variants: "trusted" }));
    const failures: string[] = [];
    for (const { group, name, run } of conformance.cases) {
      try {
        await run();
      } catch (error) {
        const code = AttuneError.is(error) ? error.code : "INTERNAL";
        if (code !== "NUMERICS") failures.push(`${group}: ${name}: ${(error as Error).message}`);
      }
    }
    await conformance.dispose();
    expect(failures).toEqual([]);
    expect(conformance.cases.length).toBeGreaterThan(700);
  },
  120_000,
);

it("no shader loads an atomic variable uniformly, which Firefox and wgpu refused until 2026", () => {
  const all = Object.values(shaders).join("\n");
  const atomics = [...all.matchAll(/var<workgroup> (\w+): atomic</g)].map(([, name]) => name!);
  const loaded = [...all.matchAll(/workgroupUniformLoad\(&(\w+)\)/g)].map(([, name]) => name!);
  expect(atomics.length).toBeGreaterThan(0);
  expect(loaded.length).toBeGreaterThan(1);
  expect(loaded.filter((name) => atomics.includes(name))).toEqual([]);
});

it.each([
  [16, 16, 16],
  [8, 8, 8],
  [16, 8, 16],
])(
  "products on subgroup matrices of %i x %i x %i compile in the spelling of the device",
  async (M, N, K) => {
    const configs = [{ componentType: "f16", resultComponentType: "f32", M, N, K }];
    const gpu = changedGpu(nullGpu(), () => ({ info: { subgroupMatrixConfigs: configs } }));
    const runtime = createRuntime({
      backend: await createWebgpuBackend({ gpu, products: "f16", variants: "trusted" }),
    });
    const program = await runtime.compile((trace) => {
      const x = trace.input("x", tensorType([257, 66]));
      trace.output("y", linear(x, trace.input("w", tensorType([255, 66])), { activation: "gelu" }));
      const [a, b] = [trace.input("a", tensorType([4, 128, 64])), trace.input("b", tensorType([4, 64, 128]))];
      trace.output("c", batchedMatmul(a, b));
    });
    const kernels = program.plan.dispatches.map(({ kernel }) => kernel);
    expect(kernels).toEqual(["webgpu.linear.subgroup-matrix", "webgpu.batchedMatmul.subgroup-matrix"]);
    await runtime.dispose();
  },
  120_000,
);

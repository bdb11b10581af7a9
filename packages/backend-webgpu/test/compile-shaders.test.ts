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

/** Subgroups of a device: of sizes from a range that a shader can ask for, or of one size. */
const range = { subgroupMinSize: 4, subgroupMaxSize: 128 };
const always32 = { subgroupMinSize: 32, subgroupMaxSize: 32 };

/** A GPU with matrices of these sizes, and subgroups of which a shader may ask for a size or not. */
function matrixGpu([M, N, K]: readonly number[], sizes: object, control: boolean): GPU {
  const configs = [{ componentType: "f16", resultComponentType: "f32", M, N, K }];
  return changedGpu(nullGpu(), ({ features }) => ({
    info: { ...sizes, subgroupMatrixConfigs: configs },
    features: new Set([...features].filter((feature) => control || feature !== "subgroup-size-control")),
  }));
}

it.each([
  { sizes: always32, control: true, matrices: true },
  { sizes: always32, control: false, matrices: true },
  { sizes: range, control: true, matrices: true },
  { sizes: range, control: false, matrices: false },
  { sizes: { subgroupMinSize: 64, subgroupMaxSize: 64 }, control: true, matrices: false },
])("matrices need subgroups of 32 threads: $sizes, asked for: $control", async ({ sizes, control, matrices }) => {
  const gpu = matrixGpu([16, 16, 16], sizes, control);
  const backend = await createWebgpuBackend({ gpu, products: "f16", variants: "trusted" });
  expect(backend.capabilities.features.has("subgroup-matrix:16x16x16")).toBe(matrices);
  await backend.dispose();
});

it.each([
  [[16, 16, 16], true],
  [[16, 16, 16], false],
  [[8, 8, 8], true],
  [[16, 8, 16], true],
] as const)(
  "products on subgroup matrices of %j compile in the spelling of the device, with subgroups asked for: %j",
  async (size, control) => {
    const gpu = matrixGpu(size, control ? range : always32, control);
    const runtime = createRuntime({
      backend: await createWebgpuBackend({ gpu, products: "f16", variants: "trusted" }),
    });
    const program = await runtime.compile((trace) => {
      const x = trace.input("x", tensorType([257, 66]));
      trace.output("y", linear(x, trace.input("w", tensorType([255, 66])), { activation: "gelu" }));
      const [a, b] = [trace.input("a", tensorType([4, 128, 64])), trace.input("b", tensorType([4, 64, 128]))];
      trace.output("c", batchedMatmul(a, b));
    });
    for (const { code } of program.plan.dispatches)
      expect(JSON.stringify(code).includes("@subgroup_size(32)")).toBe(control);
    const kernels = program.plan.dispatches.map(({ kernel }) => kernel);
    expect(kernels).toEqual(["webgpu.linear.subgroup-matrix", "webgpu.batchedMatmul.subgroup-matrix"]);
    await runtime.dispose();
  },
  120_000,
);

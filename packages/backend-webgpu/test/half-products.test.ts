// Products in f16 on a device without f16: quantizeToF16 of WGSL's core rounds operands as the tiled kernel's f16 tiles would. What
// that does to results is within the suite's bounds for such a backend, and too much for one that promises f32.
import { testBackend } from "@attune/tensor-conformance";
import { type Backend, halfProducts, type KernelDef, type WebgpuKernelCode } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { webgpuKernels } from "../src/kernels/index.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

/** The tiled kernels in f32, with operands rounded to f16 or sums kept in it. */
function roundedKernels(sums: boolean): KernelDef[] {
  const round = (wgsl: string): string =>
    wgsl
      .replaceAll("Operand(values[lane])", "quantizeToF16(values[lane])")
      .replace(/= (fma\(vec4f\(a\[lane\]\).*\));/, (line, sum) => (sums ? `= quantizeToF16(${sum});` : line));
  return webgpuKernels
    .filter(({ id }) => id.endsWith(".tiled"))
    .map((kernel) => ({
      ...kernel,
      accepts: (signature, capabilities) =>
        kernel.accepts(signature, { ...capabilities, features: new Set() }) === undefined ? undefined : 0.5,
      lower(signature, capabilities) {
        const code = kernel.lower(signature, capabilities) as WebgpuKernelCode;
        return { ...code, stages: code.stages.map((stage) => ({ ...stage, wgsl: round(stage.wgsl) })) };
      },
    }));
}

const chosen = /^(linear: (6x603x9, integers|17x31x13|65x129x33)|random programs: seed (9|14)|training: (the|fused))/;

/** Cases that fail on a backend with these kernels, which promises products in f32 or f16. */
async function failures(promised: "f32" | "f16", sums: boolean): Promise<string[]> {
  const { cases, dispose } = testBackend(async (): Promise<Backend> => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu(), kernels: roundedKernels(sums) });
    const features = new Set([...backend.capabilities.features, ...(promised === "f16" ? [halfProducts] : [])]);
    return { ...backend, capabilities: { ...backend.capabilities, features } };
  });
  const failed: string[] = [];
  for (const { group, name, run } of cases) {
    const title = `${group}: ${name}`;
    if (chosen.test(title)) await run().catch(() => failed.push(title));
  }
  await dispose();
  return failed;
}

describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
  it("products of operands in f16 are within the bounds of such a backend", { timeout: 300_000 }, async () => {
    expect(await failures("f16", false)).toEqual([]);
  });

  it("sums in f16, and f16 where f32 is promised, are not", { timeout: 300_000 }, async () => {
    expect(await failures("f16", true)).toContain("linear: 6x603x9, integers");
    expect(await failures("f32", false)).toEqual(expect.arrayContaining(["linear: 17x31x13", "linear: 65x129x33"]));
  });
});

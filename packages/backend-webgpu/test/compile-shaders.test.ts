// Every shader that the conformance suite makes is compiled by Dawn's null backend, which has f16, subgroups and the smallest limits
// that WebGPU allows; it runs nothing, so values are not compared.
import { AttuneError } from "@attune/spec";
import { testBackend } from "@attune/tensor-conformance";
import { expect, it } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { nullGpu } from "./open-test-device.ts";

it.each(["f32", "f16"] as const)(
  "every shader compiles for products in %s within the smallest limits",
  async (products) => {
    const conformance = testBackend(() => createWebgpuBackend({ gpu: nullGpu(), products }));
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

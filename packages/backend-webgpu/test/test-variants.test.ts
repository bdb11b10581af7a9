// What is said of each variant: that it is used, that the device does without it, or what a test found.
import { describe, expect, it } from "vitest";
import { createPlanningBackend, describeVariants } from "../src/index.ts";
import { variantStates } from "../src/variants/test-variants.ts";
import { changedGpu, nullGpu } from "./open-test-device.ts";

const { capabilities } = createPlanningBackend({ products: "f16" });
const without = (...gone: string[]) => ({
  ...capabilities,
  features: new Set([...capabilities.features].filter((feature) => !gone.some((name) => feature.startsWith(name)))),
});
const usable = { usable: true } as const;
const broken = { usable: false, reason: "3 elements came out wrong" } as const;
const unasked = async (variant: string): Promise<never> => {
  throw new Error(`${variant} was tried`);
};

describe("the states of variants", () => {
  it("are all usable where all pass their test", async () => {
    expect(await variantStates(capabilities, async () => usable)).toEqual([
      { variant: "f16-products", usable: true },
      { variant: "subgroup-matrix:16x16x16", usable: true },
      { variant: "subgroups", usable: true },
    ]);
  });

  it("say what a test refused, and which size is used in its place", async () => {
    const features = new Set([...capabilities.features, "subgroup-matrix:8x8x8"]);
    const judge = async (variant: string) => (variant.endsWith("16x16x16") ? broken : usable);
    expect(await variantStates({ ...capabilities, features }, judge)).toEqual([
      { variant: "f16-products", usable: true },
      { variant: "subgroup-matrix:16x16x16", usable: false, reason: "3 elements came out wrong" },
      { variant: "subgroup-matrix:8x8x8", usable: true },
      { variant: "subgroups", usable: true },
    ]);
  });

  it("say that matrices go with f16 products, where a test refused those", async () => {
    expect(await variantStates(capabilities, async () => broken)).toEqual([
      { variant: "f16-products", usable: false, reason: "3 elements came out wrong" },
      { variant: "subgroup-matrix", usable: false, reason: "they are for f16 products, which are not used" },
      { variant: "subgroups", usable: true },
    ]);
  });

  it("say what the device does without", async () => {
    expect(await variantStates(without("f16", "subgroup"), unasked)).toEqual([
      { variant: "f16-products", usable: false, reason: "the device has no f16" },
      { variant: "subgroup-matrix", usable: false, reason: "the device has none that take f16 and sum in f32" },
      { variant: "subgroups", usable: false, reason: "the device has none" },
    ]);
  });

  it("say where sizes of matrices or subgroups do not fit the kernels", async () => {
    const features = new Set([...without("subgroup-matrix:", "subgroup-size:").features, "subgroup-matrix:24x8x8"]);
    expect(await variantStates({ ...capabilities, features }, async () => usable)).toEqual([
      { variant: "f16-products", usable: true },
      { variant: "subgroup-matrix", usable: false, reason: "none of the device's sizes divides the kernels' tiles" },
      {
        variant: "subgroups",
        usable: false,
        reason: "subgroups are only sure to have 1 of the 4 threads that kernels want",
      },
    ]);
  });

  it("are those of a device that is opened, and closed again", async () => {
    let device: GPUDevice | undefined;
    const gpu = changedGpu(nullGpu(), (adapter) => ({
      async requestDevice(descriptor) {
        device = await adapter.requestDevice(descriptor);
        return device;
      },
    }));
    const [products] = await describeVariants({ gpu });
    expect(products).toEqual({
      variant: "f16-products",
      usable: false,
      reason: expect.stringMatching(/a child process cannot try/),
    });
    expect((await device!.lost).reason).toBe("destroyed");
  });
});

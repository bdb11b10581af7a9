// `products: "f16"` from a recipe to a device: who takes it, who refuses it and why, what a plan counts, and what a run records.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createCpuBackend } from "@attune/backend-cpu";
import { createPlanningBackend, createWebgpuBackend } from "@attune/backend-webgpu";
import { adamw } from "@attune/optim";
import { type Backend, createRuntime, halfProducts, type Plan, parseDevice, rooflineOf } from "@attune/tensor-core";
import { describe, expect, it, vi } from "vitest";
import { changedGpu, nullGpu } from "../../backend-webgpu/test/open-test-device.ts";
import { createToolbox, type DeviceFactory, openDevice, planRun, resolveRecipe, runRecipe } from "../src/index.ts";
import { type PlannedTraining, traceTraining } from "../src/plan/plan-steps.ts";
import { openWebgpu } from "../src/toolbox/open-webgpu.ts";
import { attachMethod } from "../src/train/trainee.ts";
import { llama135m } from "./llama-135m.ts";
import { labelledRows, temporaryFolder, tinyRecipe, writeRows, writeTinyModel } from "./tiny-model.ts";

/** The CPU backend under another name, which says that its products are in f16 where they are asked for. */
const half: DeviceFactory = ({ products }) => {
  const backend = createCpuBackend({ threads: 1 });
  const features = new Set([...backend.capabilities.features, ...(products === "f16" ? [halfProducts] : [])]);
  return { ...backend, capabilities: { ...backend.capabilities, features } };
};

describe("products in f16", () => {
  it.each([
    ["cpu", /the device cpu multiplies in f32 alone/],
    ["auto", /the device cpu, which auto stands for, multiplies in f32 alone/],
    [undefined, /which auto stands for/],
  ])("are refused on the device %s, with what to do instead", async (device, message) => {
    await expect(openDevice(createToolbox(), { device, products: "f16" })).rejects.toMatchObject({
      code: "CONFIG_INCOMPATIBLE",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/--device webgpu.*--storage f16/),
      details: { key: "products" },
    });
  });

  it("are asked of the device, and f32 where nothing is said", async () => {
    const asked: string[] = [];
    const toolbox = createToolbox({
      devices: {
        half: (options) => {
          asked.push(options.products);
          return half(options);
        },
      },
    });
    for (const products of [undefined, "f32", "f16"] as const) {
      const runtime = await openDevice(toolbox, { device: "half", products });
      expect(runtime.backend.capabilities.features.has(halfProducts)).toBe(products === "f16");
      await runtime.dispose();
    }
    expect(asked).toEqual(["f32", "f32", "f16"]);
  });

  it("are refused, and the device given back, where it ignores what it is asked", async () => {
    let disposed = 0;
    const deaf: DeviceFactory = (options) => {
      const backend = half({ ...options, products: "f32" }) as Backend;
      return { ...backend, dispose: () => backend.dispose().then(() => void disposed++) };
    };
    const toolbox = createToolbox({ devices: { deaf } });
    await expect(openDevice(toolbox, { device: "deaf", products: "f16" })).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: 'The device "deaf" multiplies in f32 alone, and f16 is asked for.',
    });
    expect(disposed).toBe(1);
  });
});

describe("the device webgpu", () => {
  const opening =
    (gpu: GPU, variants: "tested" | "trusted"): typeof createWebgpuBackend =>
    (options) =>
      createWebgpuBackend({ ...options, gpu, variants });
  const withoutHalf = (): GPU =>
    changedGpu(nullGpu(), (adapter) => ({
      info: { vendor: "acme", architecture: "", description: "Model 1" },
      features: new Set([...adapter.features].filter((feature) => feature !== "shader-f16")),
    }));

  it("computes them where the GPU has them", async () => {
    const backend = await openWebgpu("f16", opening(nullGpu(), "trusted"));
    expect(backend.capabilities.features).toContain(halfProducts);
    await backend.dispose();
    const plain = await openWebgpu("f32", opening(nullGpu(), "trusted"));
    expect(plain.capabilities.features).not.toContain(halfProducts);
    await plain.dispose();
  });

  it.each([
    ["has no f16", withoutHalf, /asked for\. The GPU "acme Model 1" computes products in f32 .*does not have/],
    ["could not be tested", nullGpu, /asked for\. The GPU .* f32 instead of f16: a GPU object was given/],
  ])("refuses them where the GPU %s", async (_, gpu, message) => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    await expect(openWebgpu("f16", opening(gpu(), "tested"))).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/doctor/),
    });
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe("a plan of a step with products in f16", () => {
  function plansOf(
    products: "f32" | "f16",
    clipNorm: number | null = 1,
  ): { readonly step: Plan; readonly update: Plan } {
    const runtime = createRuntime({ backend: createPlanningBackend({ products }) });
    const model = llama135m(2);
    const training: PlannedTraining = {
      model,
      adapters: attachMethod(createToolbox(), model, { id: "lora", options: { rank: 8 } }),
      optimizer: adamw({}),
      shape: { rows: 4, blockLength: 512, headRows: undefined, terms: {}, recompute: false },
      clipNorm,
    };
    const { traces } = traceTraining(training, runtime.backend.capabilities);
    return { step: runtime.plan(traces.forwardBackward), update: runtime.plan(traces.update) };
  }
  const [single, halved] = [plansOf("f32"), plansOf("f16")];
  const kernels = ({ dispatches }: Plan): string[] => dispatches.map(({ kernel }) => kernel);

  it("has the kernels for it", () => {
    expect(kernels(single.step).filter((kernel) => /f16|subgroup-matrix/.test(kernel))).toEqual([]);
    const products = kernels(halved.step).filter((kernel) => /^webgpu\.linear\./.test(kernel));
    expect(products.filter((kernel) => /f16|subgroup-matrix/.test(kernel)).length).toBeGreaterThan(products.length / 2);
  });

  it("counts the dispatches that take the loss's scale off again", () => {
    // Clipping multiplies the gradient already, and its kernels take one factor more; without it they come with the scale: a column for
    // the table of hyperparameters, made of a fill and a concatenation, and its product with the table.
    expect(kernels(halved.update)).toEqual(kernels(single.update));
    const [unclipped, scaled] = [plansOf("f32", null), plansOf("f16", null)];
    const added = ["webgpu.concat", "webgpu.fill", "webgpu.pointwise"];
    expect(kernels(scaled.update).sort()).toEqual([...kernels(unclipped.update), ...added].sort());
    expect(halved.update.inputs.map(({ name }) => name)).toContain("inverseLossScale");
    expect(single.update.inputs.map(({ name }) => name)).not.toContain("inverseLossScale");
  });

  it("takes less of a device with f16 matrices", () => {
    const seconds = (plan: Plan): number =>
      rooflineOf(plan, parseDevice("h100")).reduce((sum, row) => sum + row.seconds, 0);
    expect(seconds(halved.step)).toBeLessThan(0.9 * seconds(single.step));
  });
});

describe("a recipe with products in f16", () => {
  const setUp = async () => {
    const folder = temporaryFolder();
    const text = tinyRecipe(await writeTinyModel(folder), writeRows(join(folder, "rows.jsonl"), labelledRows(60)));
    const recipe = (...set: string[]) => resolveRecipe({ file: join(folder, "tiny.yaml"), text, set });
    const toolbox = createToolbox({ baseDirectory: folder, devices: { half } });
    return { folder, recipe, toolbox };
  };

  it("is in f32 unless it says so, and knows no other precision", async () => {
    const { recipe } = await setUp();
    expect((await recipe()).config.products).toBe("f32");
    await expect(recipe("products=f8")).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringMatching(/products/),
    });
  });

  it("is refused on the CPU before any work, with the place where that is written", async () => {
    const { folder, recipe, toolbox } = await setUp();
    const output = join(folder, "run");
    await expect(runRecipe(await recipe("products=f16"), { toolbox, output })).rejects.toMatchObject({
      code: "CONFIG_INCOMPATIBLE",
      message: expect.stringMatching(/--set products=f16: Products in f16 are for GPUs/),
    });
    expect(() => readFileSync(join(output, "config.resolved.yaml"))).toThrow(/ENOENT/);
  });

  it("trains with a scaled loss, records its class, and goes on in it alone", { timeout: 120_000 }, async () => {
    const { folder, recipe, toolbox } = await setUp();
    const output = join(folder, "run");
    const set = ["device=half", "evaluation=null", "training.replay=null", "merge=null"];
    const { plan } = await runRecipe(await recipe(...set, "products=f16"), { toolbox, output });
    expect(plan.training.products).toBe("f16");
    const metrics = readFileSync(join(output, "metrics.jsonl"), "utf8").trim().split("\n");
    const scales = metrics.flatMap((line) => (JSON.parse(line) as { lossScale?: number }).lossScale ?? []);
    expect(scales).toEqual(Array(6).fill(65_536));
    const environment = JSON.parse(readFileSync(join(output, "environment.json"), "utf8")) as { numerics: string[] };
    expect(environment.numerics).toContain(halfProducts);
    await expect(
      runRecipe(await recipe(...set, "products=f32"), { toolbox, output, resume: true }),
    ).rejects.toMatchObject({ code: "RUN_MISMATCH", details: { keys: ["products"] } });
    const again = await runRecipe(await recipe(...set, "products=f16"), { toolbox, output, resume: true });
    expect(again.stages.every(({ cached }) => cached)).toBe(true);
  });

  it("is planned with what it adds", { timeout: 120_000 }, async () => {
    const { recipe, toolbox } = await setUp();
    const set = ["device=half", "training.accumulation=3", "training.clipNorm=null"];
    const [single, halved] = [
      await planRun(await recipe(...set, "products=f32"), { toolbox }),
      await planRun(await recipe(...set, "products=f16"), { toolbox }),
    ];
    expect([single.plan.training.products, halved.plan.training.products]).toEqual(["f32", "f16"]);
    // Forward and backward are the same kernels on this device; the update takes the scale off.
    const extra = halved.plan.training.dispatchesPerStep - single.plan.training.dispatchesPerStep;
    expect(extra).toBe(3);
    const fewer = await planRun(await recipe(...set, "training.accumulation=1"), { toolbox });
    const two = await planRun(await recipe(...set, "training.accumulation=2"), { toolbox });
    const microBatch = two.plan.training.dispatchesPerStep - fewer.plan.training.dispatchesPerStep;
    expect(single.plan.training.dispatchesPerStep).toBe(two.plan.training.dispatchesPerStep + microBatch);
    expect(microBatch).toBeGreaterThan(30);
  });

  it("is explained for a GPU that is not there, while the run itself is planned in f32 on a CPU", async () => {
    const { recipe, toolbox } = await setUp();
    const { plan, explanation } = await planRun(await recipe("products=f16"), { toolbox, explain: "h100" });
    expect(plan.training.products).toBe("f32");
    expect(explanation).toMatchObject({ products: "f16", device: { id: "h100" } });
    const onCpu = planRun(await recipe("products=f16"), { toolbox, explain: "cpu" });
    await expect(onCpu).rejects.toMatchObject({ code: "CONFIG_INCOMPATIBLE" });
  });
});

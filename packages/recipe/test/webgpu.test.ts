// LoRA over a recipe on a GPU in software is the same training as on the CPU: loss by loss, and every score of the evaluation.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createWebgpuBackend } from "@attune/backend-webgpu";
import type { Backend } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { changedGpu, skipReason, softwareGpu } from "../../backend-webgpu/test/open-test-device.ts";
import { createToolbox, resolveRecipe, runRecipe, trainModel } from "../src/index.ts";
import { labelledRows, temporaryFolder, writeRows, writeTinyModel } from "./tiny-model.ts";

const recipeText = `name: spam
model: model
data:
  source: { path: rows.jsonl }
  stages: { split: { groupBy: [], validation: 4, test: 6 } }
template: { prompt: "{text}\\nLabel:", completion: " {completion}", maxTokens: 24 }
method: { id: lora, options: { rank: 4, dropout: 0.1, targetModules: all-linear } }
training: { steps: 4, rows: 2, blockLength: 48, learningRate: 0.01 }
evaluation: { task: classification, resamples: 100 }
`;

const lines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A device that is lost in the middle of a training run: at its program run number `at`. */
async function lostAt(at: number): Promise<Backend> {
  const devices: GPUDevice[] = [];
  const gpu = changedGpu(softwareGpu(), (adapter) => ({
    async requestDevice(descriptor) {
      const device = await adapter.requestDevice(descriptor);
      devices.push(device);
      return device;
    },
  }));
  const backend = await createWebgpuBackend({ gpu });
  let runs = 0;
  return {
    ...backend,
    async compile(plan) {
      const executable = await backend.compile(plan);
      return {
        ...executable,
        async run(regions, range) {
          if (++runs === at) devices[0]!.destroy();
          return executable.run(regions, range);
        },
      };
    },
  };
}

describe.skipIf(skipReason !== undefined)(`a recipe on SwiftShader ${skipReason ?? ""}`, () => {
  it("trains and evaluates as on the CPU", { timeout: 600_000 }, async () => {
    const folder = temporaryFolder();
    await writeTinyModel(folder);
    writeRows(join(folder, "rows.jsonl"), labelledRows(40));
    writeFileSync(join(folder, "spam.yaml"), recipeText);
    const toolbox = createToolbox({
      baseDirectory: folder,
      devices: { webgpu: () => createWebgpuBackend({ gpu: softwareGpu() }) },
    });
    for (const device of ["cpu", "webgpu"]) {
      const recipe = await resolveRecipe({ file: join(folder, "spam.yaml"), set: [`device=${device}`, "threads=1"] });
      await runRecipe(recipe, { toolbox, output: join(folder, device) });
    }
    const [expected, actual] = ["cpu", "webgpu"].map((device) => lines(join(folder, device, "metrics.jsonl")));
    expect(actual).toHaveLength(expected!.length);
    const losses = (rows: Record<string, unknown>[]): number[] =>
      rows.flatMap(({ loss }) => (typeof loss === "number" ? [loss] : []));
    const [onCpu, onGpu] = [losses(expected!), losses(actual!)];
    expect(onCpu.length).toBeGreaterThan(3);
    // A step's loss is within 4 eps √K of the exact one, K the 1e4 roundings on the way through the model; AdamW divides gradients by their
    // own size, so each step adds its relative error again.
    onGpu.forEach((loss, step) => {
      expect(Math.abs(loss - onCpu[step]!), `step ${step}`).toBeLessThan(8 * 2 ** -23 * 100 * (step + 1) * onCpu[0]!);
    });
    const scores = (device: string): unknown[] =>
      lines(join(folder, device, "eval", "adapted.jsonl")).map(({ id, prediction }) => [id, prediction]);
    expect(scores("webgpu")).toEqual(scores("cpu"));
  });

  it("goes on from its checkpoint after the device was lost, to the same bytes", { timeout: 600_000 }, async () => {
    const folder = temporaryFolder();
    await writeTinyModel(folder);
    writeRows(join(folder, "rows.jsonl"), labelledRows(24));
    writeFileSync(join(folder, "spam.yaml"), recipeText);
    const set = ["device=webgpu", "training.steps=3", "training.checkpointEvery=1"];
    const train = async (output: string, open: () => Promise<Backend>, resume = false): Promise<Buffer> => {
      const toolbox = createToolbox({ baseDirectory: folder, devices: { webgpu: open } });
      const recipe = await resolveRecipe({ file: join(folder, "spam.yaml"), set });
      await trainModel(recipe, { toolbox, output: join(folder, output), resume });
      return readFileSync(join(folder, output, "adapter", "adapter_model.safetensors"));
    };
    const software = (): Promise<Backend> => createWebgpuBackend({ gpu: softwareGpu() });
    // Two programs a step, forward with backward and the update: the fifth run is in the third step.
    await expect(train("lost", () => lostAt(5))).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
    const whole = await train("whole", software);
    expect((await train("lost", software, true)).equals(whole)).toBe(true);
  });
});

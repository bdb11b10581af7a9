import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "@attune/models";
import { attachAdapters, loadAdapter } from "@attune/peft-core";
import { trainAdapters } from "@attune/peft-testkit";
import { openSafetensors } from "@attune/weights";
import { expect, it } from "vitest";
import methods from "../src/index.ts";
import { batchOf, difference, fixtures, inputsOf, strictRuntime, traceBatch } from "./support/golden.ts";

interface Trajectory {
  readonly settings: { readonly weight_decay: number; readonly max_norm: number };
  readonly losses: readonly number[];
  readonly gradient_norms: readonly number[];
  readonly learning_rates: readonly number[];
  readonly spread_of_end: number;
}

it("trains ten steps as PEFT does: losses, gradient norms and the adapter after them", async () => {
  const folder = join(fixtures, "trajectory");
  const golden: Trajectory = JSON.parse(readFileSync(join(folder, "trajectory.json"), "utf8"));
  const runtime = strictRuntime();
  const model = await loadModel(runtime, join(fixtures, "base"));
  const start = await loadAdapter(runtime, model, join(folder, "start"), { methods });
  const end = await loadAdapter(runtime, model, join(folder, "end"), { methods });
  const file = await openSafetensors(join(folder, "batches.safetensors"));
  const shape = file.info("input_ids").shape as [number, number, number];
  const size = shape[1] * shape[2];
  const integers = async (name: string): Promise<Int32Array> => new Int32Array((await file.read(name)).buffer);
  const [ids, mask, labels] = [await integers("input_ids"), await integers("attention_mask"), await integers("labels")];
  await file.close();
  const batches = golden.losses.map((_, step) => {
    const part = (values: Int32Array): Int32Array => values.slice(step * size, (step + 1) * size);
    return batchOf(part(ids), part(mask), part(labels), [shape[1], shape[2]]);
  });
  const adapters = attachAdapters(model, [start]);
  const trained = await trainAdapters(runtime, adapters, start.values, {
    loss: (trace, placed) => traceBatch(trace, model, batches[0]!, adapters.visitors(placed.placement)).loss,
    batches: batches.map(({ inputs, labelsCounted }) => inputsOf({ inputs, labelsCounted })),
    learningRate: (step) => golden.learning_rates[step]!,
    weightDecay: golden.settings.weight_decay,
    clipNorm: golden.settings.max_norm,
  });
  const one = { mask: Int32Array.of(1) };
  // Ten steps of f32 arithmetic on both sides; PEFT's own distance from float64 is `spread_of_end`.
  expect(difference(trained.losses, golden.losses, one)).toBeLessThan(5e-6);
  expect(difference(trained.gradientNorms, golden.gradient_norms, one)).toBeLessThan(2e-5);
  for (const [name, values] of end.values) {
    expect(difference(trained.values.get(name)!, values, one), name).toBeLessThan(4 * golden.spread_of_end + 1e-6);
    expect(difference(start.values.get(name)!, values, one), name).toBeGreaterThan(1e-3);
  }
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, saveModel } from "@attune/models";
import { mergeAdapters, saveAdapter } from "@attune/peft-core";
import { gradients } from "@attune/tensor-core";
import { afterAll, describe, expect, it } from "vitest";
import {
  described,
  difference,
  fixtures,
  goldenBatch,
  interpret,
  readTensors,
  setUp,
  strictRuntime,
  traceBatch,
} from "./support/golden.ts";

const scratch = mkdtempSync(join(tmpdir(), "attune-lora-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// PEFT computes in f32, this in float64: `spread` is how far PEFT itself is from float64. Merged weights are f32 here as there.
const within = (spread: number): number => 4 * spread + 1e-6;

describe.each(Object.entries(described.adapters))("PEFT adapter %s", (name, fixture) => {
  const folder = `adapters/${name}`;

  it("gives PEFT's logits, and the base's when it is not active", async () => {
    const { runtime, model, adapters, placed } = await setUp(fixture.base, { default: folder });
    const batch = await goldenBatch(fixture.base);
    const golden = await readTensors(`${folder}.safetensors`);
    const run = (active?: string[]) =>
      interpret(runtime, batch, (trace) =>
        traceBatch(trace, model, batch, adapters.visitors(placed.placement, { active })),
      );
    const on = await run();
    expect(difference(on["logits"]!, golden.get("logits")!, batch)).toBeLessThan(within(fixture.spread.logits));
    expect(fixture.change).toBeGreaterThan(0.1);
    const off = await run([]);
    expect(difference(off["logits"]!, batch.logits, batch)).toBeLessThan(1e-5);
    const base = await interpret(runtime, batch, (trace) => traceBatch(trace, model, batch));
    expect(off["logits"]).toEqual(base["logits"]);
    if (golden.has("loss")) expect(Math.abs(on["loss"]![0]! - golden.get("loss")![0]!)).toBeLessThan(1e-5);
  });

  it("gives PEFT's gradients", async () => {
    const golden = await readTensors(`${folder}.safetensors`);
    if (!golden.has("loss")) return;
    const { runtime, model, adapters, placed } = await setUp(fixture.base, { default: folder });
    const batch = await goldenBatch(fixture.base);
    const trained = adapters.parameters.filter(({ role }) => role === "trained");
    const outputs = await interpret(runtime, batch, (trace) => {
      const { loss } = traceBatch(trace, model, batch, adapters.visitors(placed.placement));
      const leaves = trained.map((parameter) => {
        const place = placed.placement.get(parameter.name)!;
        return trace.weight(place.kind === "weight" ? place.name : "", place.type);
      });
      for (const [index, gradient] of gradients(loss, leaves).entries()) trace.output(trained[index]!.key!, gradient);
    });
    const expected = [...golden].filter(([key]) => key.startsWith("grad."));
    expect(expected.map(([key]) => key.slice(5)).sort()).toEqual(trained.map(({ key }) => key!).sort());
    for (const [key, gradient] of expected) {
      const largest = Math.max(...gradient.map(Math.abs));
      expect(difference(outputs[key.slice(5)]!, gradient, { mask: Int32Array.of(1) }), key).toBeLessThan(
        1e-4 * largest + 1e-6,
      );
    }
  });

  it("counts PEFT's parameters and names PEFT's tensors", async () => {
    const { adapters } = await setUp(fixture.base, { default: folder });
    expect(adapters.counts()).toEqual({ trainable: fixture.trainable_parameters, total: fixture.total_parameters });
    const own = adapters.parameters.filter(({ key }) => key !== undefined).map(({ key, shape }) => [key!, [...shape]]);
    const repeated = Object.entries(fixture.keys).filter(([key]) => key.endsWith("base_layer.weight"));
    expect(Object.fromEntries([...own, ...repeated])).toEqual(fixture.keys);
  });

  it("is saved as PEFT saved it, byte for byte", async () => {
    const { runtime, model, adapters, loaded } = await setUp(fixture.base, { default: folder });
    const target = join(scratch, name);
    await saveAdapter(runtime, model, adapters, loaded[0]!.values, target, { origin: loaded[0]!.origin });
    const bytes = (root: string): Buffer => readFileSync(join(root, "adapter_model.safetensors"));
    expect(bytes(target).equals(bytes(join(fixtures, folder)))).toBe(true);
    const config = (root: string): Record<string, unknown> => {
      const read = JSON.parse(readFileSync(join(root, "adapter_config.json"), "utf8"));
      if (Array.isArray(read.target_modules)) read.target_modules.sort();
      return read;
    };
    expect(config(target)).toEqual(config(join(fixtures, folder)));
  });

  it("gives the same logits merged, in the runtime and as a checkpoint", async () => {
    const { runtime, model, adapters, placed } = await setUp(fixture.base, { default: folder });
    const batch = await goldenBatch(fixture.base);
    const golden = await readTensors(`${folder}.safetensors`);
    const merged = mergeAdapters(runtime, model, adapters, placed.placement);
    const target = join(scratch, `${name}-merged`);
    await saveModel(runtime, model, target, { dtype: "F32", replace: merged.replace });
    const other = strictRuntime();
    const reloaded = await loadModel(other, target);
    const outputs = await interpret(other, batch, (trace) => traceBatch(trace, reloaded, batch));
    expect(difference(outputs["logits"]!, golden.get("logits")!, batch)).toBeLessThan(
      within(fixture.spread.logits) + 1e-5,
    );
  });
});

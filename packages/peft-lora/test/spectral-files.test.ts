import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, saveModel } from "@attune/models";
import { attachAdapters, loadAdapter, mergeAdapters, placeForInference, saveAdapter } from "@attune/peft-core";
import { afterAll, describe, expect, it } from "vitest";
import methods from "../src/index.ts";
import {
  difference,
  fixtures,
  goldenBatch,
  interpret,
  readTensors,
  setUp,
  strictRuntime,
  traceBatch,
} from "./support/golden.ts";

const scratch = mkdtempSync(join(tmpdir(), "attune-spectral-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface SpectralFixture {
  readonly base: string;
  readonly with_start: number;
  readonly spread: number;
}

const { spectral } = JSON.parse(readFileSync(join(fixtures, "adapters.json"), "utf8")) as {
  spectral: Record<string, SpectralFixture>;
};

describe.each(Object.entries(spectral))("an adapter that PEFT started from %s", (name, fixture) => {
  const folder = `adapters/spectral/${name}`;
  // PEFT finds the start in f32: `spread` is how far that and its f32 logits are from float64, in which logits are computed here.
  const tolerance = 4 * fixture.spread + 1e-6;
  const golden = async () => (await readTensors("adapters/spectral.safetensors")).get(`logits.${name}`)!;

  it("gives PEFT's logits over the original base, which stays as it is without the adapter", async () => {
    const { runtime, model, adapters, placed } = await setUp(fixture.base, { default: folder });
    const batch = await goldenBatch(fixture.base);
    const run = (active?: string[]) =>
      interpret(runtime, batch, (trace) =>
        traceBatch(trace, model, batch, adapters.visitors(placed.placement, { active })),
      );
    expect(difference((await run())["logits"]!, await golden(), batch)).toBeLessThan(tolerance);
    expect(fixture.with_start).toBeGreaterThan(1);
    expect(difference((await run([]))["logits"]!, batch.logits, batch)).toBeLessThan(1e-5);
  });

  it("gives them merged, and saved as the plain adapter of twice the rank", async () => {
    const { runtime, model, adapters, placed, loaded } = await setUp(fixture.base, { default: folder });
    const batch = await goldenBatch(fixture.base);
    const { replace } = mergeAdapters(runtime, model, adapters, placed.placement);
    const merged = join(scratch, `${name}-merged`);
    await saveModel(runtime, model, merged, { dtype: "F32", replace });
    const other = strictRuntime();
    const whole = await loadModel(other, merged);
    const outputs = await interpret(other, batch, (trace) => traceBatch(trace, whole, batch));
    expect(difference(outputs["logits"]!, await golden(), batch)).toBeLessThan(tolerance + 1e-5);

    const plain = join(scratch, name);
    await saveAdapter(runtime, model, adapters, loaded[0]!.values, plain, { origin: loaded[0]!.origin });
    const again = await loadAdapter(runtime, model, plain, { methods, name: "again" });
    expect(again.options).toMatchObject({
      initialWeights: "default",
      rank: 2 * (loaded[0]!.options as { rank: number }).rank,
    });
    const attached = attachAdapters(model, [again]);
    const { placement } = await placeForInference(runtime, attached, again.values);
    const reloaded = await interpret(runtime, batch, (trace) =>
      traceBatch(trace, model, batch, attached.visitors(placement)),
    );
    expect(difference(reloaded["logits"]!, await golden(), batch)).toBeLessThan(tolerance);
  });
});

it("is refused at a head that shares its table, which PEFT would change with it", async () => {
  const folder = join(scratch, "tied");
  const runtime = strictRuntime();
  const base = await loadModel(runtime, join(fixtures, "base-tied"));
  const request = { name: "a", method: methods[0]!, options: { rank: 3, alpha: 6, targetModules: ["lm_head"] } };
  const adapters = attachAdapters(base, [request]);
  const values = new Map(
    adapters.parameters.map(({ name, shape }) => [name, new Float32Array(shape.reduce((a, b) => a * b))]),
  );
  await saveAdapter(runtime, base, adapters, values, folder);
  const file = join(folder, "adapter_config.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/"init_lora_weights": true/, '"init_lora_weights": "olora"'));
  await expect(loadAdapter(runtime, base, folder, { methods })).rejects.toMatchObject({
    code: "CONFIG_INCOMPATIBLE",
    message: expect.stringContaining('"lm_head"'),
  });
});

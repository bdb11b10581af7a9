import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "@attune/models";
import { attachAdapters, initialiseAdapters, saveAdapter } from "@attune/peft-core";
import { openSafetensors } from "@attune/weights";
import { afterAll, describe, expect, it } from "vitest";
import { lora } from "../src/index.ts";
import { fixtures, strictRuntime } from "./support/golden.ts";
import { ourAdapters } from "./support/our-adapters.ts";

interface Report {
  readonly options: object;
  readonly base: string;
  readonly passed: boolean;
  readonly loading: object;
  readonly saving: object;
  readonly logits: {
    readonly greatest_difference: number;
    readonly greatest_difference_without_the_adapter: number;
    readonly positions: number;
  };
  readonly keys: Readonly<Record<string, readonly number[]>>;
  readonly config: object;
}

const log: {
  readonly versions: Readonly<Record<string, string>>;
  readonly adapters: Readonly<Record<string, Report>>;
} = JSON.parse(readFileSync(join(fixtures, "peft-loads-ours.json"), "utf8"));
const scratch = mkdtempSync(join(tmpdir(), "attune-ours-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it("is a log of every adapter, by PEFT 0.21", () => {
  expect(Object.keys(log.adapters).sort()).toEqual(Object.keys(ourAdapters).sort());
  expect(log.versions["peft"]).toMatch(/^0\.21\./);
});

describe.each(Object.entries(ourAdapters))("our adapter %s", (name, { base, options }) => {
  const report = log.adapters[name]!;

  it("was loaded by PEFT, saved again as it was, and gave our logits", () => {
    expect(report).toMatchObject({
      base,
      options,
      passed: true,
      loading: { missing: [], unexpected: [], warnings: [] },
      saving: { changed: [], only_ours: [], only_theirs: [] },
    });
    expect(report.logits.positions).toBe(17);
    expect(report.logits.greatest_difference).toBeLessThan(2e-5);
    expect(report.logits.greatest_difference_without_the_adapter).toBeGreaterThan(0.5);
  });

  it("is still written with that configuration and those tensors", async () => {
    const runtime = strictRuntime();
    const model = await loadModel(runtime, join(fixtures, base));
    const adapters = attachAdapters(model, [{ name: "default", method: lora, options }]);
    const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 11 });
    const folder = join(scratch, name);
    await saveAdapter(runtime, model, adapters, values, folder);
    expect(JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8"))).toEqual(report.config);
    const file = await openSafetensors(join(folder, "adapter_model.safetensors"));
    expect(Object.fromEntries(file.names.map((key) => [key, file.info(key).shape]))).toEqual(report.keys);
    await file.close();
  });
});

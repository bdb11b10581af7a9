import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "@attune/models";
import { type LoadedAdapter, loadAdapter } from "@attune/peft-core";
import type { JsonObject } from "@attune/spec";
import { createStrictBackend } from "@attune/tensor-conformance";
import { createRuntime } from "@attune/tensor-core";
import { afterAll, describe, expect, it } from "vitest";
import methods from "../src/index.ts";
import { fixtures } from "./support/golden.ts";

const root = mkdtempSync(join(tmpdir(), "attune-peft-config-"));
afterAll(() => rmSync(root, { recursive: true }));
const runtime = createRuntime({ backend: createStrictBackend() });
const model = await loadModel(runtime, join(fixtures, "base"));

/** Loads PEFT's adapter on q_proj and v_proj with other keys in its configuration. */
function load(changes: JsonObject): Promise<LoadedAdapter> {
  const folder = mkdtempSync(join(root, "adapter-"));
  cpSync(join(fixtures, "adapters", "query-value"), folder, { recursive: true });
  const file = join(folder, "adapter_config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as JsonObject;
  writeFileSync(file, JSON.stringify({ ...config, ...changes }));
  return loadAdapter(runtime, model, folder, { methods });
}

describe("a PEFT configuration of LoRA", () => {
  it.each<JsonObject>([
    { init_lora_weights: null },
    { init_lora_weights: "eva", eva_config: { rho: 2, tau: 0.99 } },
    { loftq_config: { loftq_bits: 4, loftq_iter: 1 } },
    { corda_config: { use_float16_for_covariance: false }, lora_ga_config: { direction: "ArB2r" } },
    { fan_in_fan_out: true },
    { layers_pattern: [], layers_to_transform: null, exclude_modules: [], modules_to_save: [] },
  ])("may say what has no effect, such as how first values were made over an unchanged base: %j", async (changes) => {
    const [plain, loaded] = [await load({}), await load(changes)];
    expect(loaded.options).toEqual(plain.options);
    expect(loaded.values).toEqual(plain.values);
  });

  it.each(["pissa_niter_4", "loftq", "corda", "lora_ga", "something newer"])(
    "is refused where first values were taken off the base, or may have been: %s",
    async (init_lora_weights) => {
      await expect(load({ init_lora_weights })).rejects.toMatchObject({
        code: "FILE_CORRUPT",
        message: expect.stringContaining(`start from "${init_lora_weights}"`),
        hint: expect.stringContaining("path_initial_model_for_weight_conversion"),
      });
    },
  );

  it.each<JsonObject>([
    { trainable_token_indices: [1, 2] },
    { target_parameters: ["mlp.up_proj.weight"] },
    { layer_replication: [[0, 1]] },
    { alora_invocation_tokens: [1] },
    { ensure_weight_tying: true },
    { use_qalora: true },
  ])("is refused with what is not computed here: %j", async (changes) => {
    await expect(load(changes)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      message: expect.stringContaining(Object.keys(changes)[0]!),
    });
  });
});

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "@attune/models";
import { attachAdapters, initialiseAdapters, type LoadedAdapter, loadAdapter, saveAdapter } from "@attune/peft-core";
import type { JsonObject } from "@attune/spec";
import { createStrictBackend } from "@attune/tensor-conformance";
import { createRuntime } from "@attune/tensor-core";
import { openSafetensors, type TensorToWrite, writeSafetensors } from "@attune/weights";
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

it("takes the copies that PEFT writes of trained biases of modules that are saved whole", async () => {
  const options = { rank: 2, bias: "all", targetModules: ["q_proj"], modulesToSave: ["v_proj"] };
  const adapters = attachAdapters(model, [{ name: "a", method: methods[0]!, options }]);
  const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 3 });
  const folder = mkdtempSync(join(root, "copies-"));
  await saveAdapter(runtime, model, adapters, values, folder);
  const module = "base_model.model.model.layers.0.self_attn.v_proj";
  const withCopies = async (change: number): Promise<LoadedAdapter> => {
    const target = mkdtempSync(join(root, "copies-"));
    cpSync(folder, target, { recursive: true });
    const file = await openSafetensors(join(folder, "adapter_model.safetensors"));
    const bias = await file.readFloat32(`${module}.bias`);
    const copy = (kind: string, data: Float32Array): TensorToWrite => ({
      name: `${module}.${kind}.bias`,
      dtype: "F32",
      shape: [bias.length],
      data,
    });
    const own = file.names.map((name): TensorToWrite => {
      const { dtype, shape } = file.info(name);
      return { name, dtype, shape, data: () => file.read(name) };
    });
    const copies = [
      copy(
        "modules_to_save",
        bias.map((value) => value + change),
      ),
      copy(
        "original_module",
        bias.map((value) => value + 1),
      ),
    ];
    await writeSafetensors(join(target, "adapter_model.safetensors"), [...own, ...copies], { format: "pt" });
    await file.close();
    return loadAdapter(runtime, model, target, { methods });
  };
  expect((await withCopies(0)).values).toEqual((await loadAdapter(runtime, model, folder, { methods })).values);
  await expect(withCopies(1)).rejects.toMatchObject({
    code: "FILE_CORRUPT",
    message: expect.stringContaining(`is a copy of "${module}.bias"`),
  });
});

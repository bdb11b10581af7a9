import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Model, readParameter } from "@attune/models";
import type { JsonObject } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { openSafetensors, writeSafetensors } from "@attune/weights";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  attachAdapters,
  initialiseAdapters,
  loadAdapter,
  mergeAdapters,
  placeForInference,
  saveAdapter,
} from "../src/index.ts";
import { shift } from "./support/methods.ts";
import { tinyModel } from "./support/tiny.ts";

const root = mkdtempSync(join(tmpdir(), "attune-peft-core-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runtime: Runtime;
let model: Model;
const saved = join(root, "saved");
const keys = [0, 1].map((layer) => `base_model.model.model.layers.${layer}.self_attn.q_proj.shift`);

beforeAll(async () => {
  ({ runtime, model } = await tinyModel());
  const adapters = attachAdapters(model, [{ name: "default", method: shift, options: {} }]);
  const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 1 });
  for (const floats of values.values()) floats.fill(0.5);
  await saveAdapter(runtime, model, adapters, values, saved, { origin: { baseModel: "tiny" } });
});

/** A copy of the saved folder with another configuration or other tensors. */
async function variant(name: string, config: JsonObject, tensors?: Record<string, number[]>): Promise<string> {
  const folder = join(root, name);
  const { mkdirSync } = await import("node:fs");
  mkdirSync(folder, { recursive: true });
  const original = JSON.parse(readFileSync(join(saved, "adapter_config.json"), "utf8")) as JsonObject;
  writeFileSync(join(folder, "adapter_config.json"), JSON.stringify({ ...original, ...config }));
  const entries = Object.entries(tensors ?? { [keys[0]!]: [8], [keys[1]!]: [8] });
  await writeSafetensors(
    join(folder, "adapter_model.safetensors"),
    entries.map(([key, shape]) => ({
      name: key,
      dtype: "F32",
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })),
  );
  return folder;
}

const load = (folder: string, onNotice?: (sentence: string) => void) =>
  loadAdapter(runtime, model, folder, { methods: [shift], onNotice });

it("writes what PEFT writes: f32, metadata, sorted keys, inference mode", async () => {
  const text = readFileSync(join(saved, "adapter_config.json"), "utf8");
  const config = JSON.parse(text) as JsonObject;
  expect(config).toEqual({
    auto_mapping: null,
    base_model_name_or_path: "tiny",
    inference_mode: true,
    peft_type: "SHIFT",
    peft_version: "0.21.2",
    revision: null,
    target_modules: ["q_proj"],
    task_type: "CAUSAL_LM",
    window: 4,
  });
  expect(Object.keys(config)).toEqual(Object.keys(config).sort());
  const file = await openSafetensors(join(saved, "adapter_model.safetensors"));
  expect([[...file.names].sort(), file.metadata.get("format"), file.info(keys[0]!).dtype]).toEqual([keys, "pt", "F32"]);
  await file.close();
});

describe("loading", () => {
  it("leaves out unknown keys that hold nothing, with a notice, and takes what is absent for the default", async () => {
    const notices: string[] = [];
    const { origin, options } = await load(
      await variant("empty-keys", { use_new_thing: false, other: null, more: {}, window: 4 }),
      (sentence) => notices.push(sentence),
    );
    expect(notices).toEqual([expect.stringContaining("use_new_thing, other, more")]);
    expect(origin.baseModel).toBe("tiny");
    expect(options).toEqual({ targetModules: ["q_proj"] });
  });

  it.each<[string, JsonObject, Record<string, number[]> | undefined, object]>([
    [
      "an unknown key that holds something",
      { use_new_thing: true },
      undefined,
      { code: "FILE_UNSUPPORTED", message: expect.stringContaining("use_new_thing") },
    ],
    [
      "a known key with another value",
      { window: 5 },
      undefined,
      { code: "FILE_UNSUPPORTED", message: expect.stringContaining('"window" is 5') },
    ],
    [
      "an unknown method",
      { peft_type: "LOHA" },
      undefined,
      { code: "FILE_UNSUPPORTED", hint: expect.stringContaining("shift (SHIFT)") },
    ],
    [
      "a value of the wrong kind",
      { target_modules: 5 },
      undefined,
      { code: "FILE_CORRUPT", details: { key: "target_modules" } },
    ],
    ["a missing tensor", {}, { [keys[0]!]: [8] }, { code: "FILE_CORRUPT", details: { missing: [keys[1]] } }],
    [
      "a tensor too many",
      {},
      { [keys[0]!]: [8], [keys[1]!]: [8], other: [1] },
      { code: "FILE_CORRUPT", details: { extra: ["other"] } },
    ],
    [
      "a tensor of another shape",
      {},
      { [keys[0]!]: [8], [keys[1]!]: [4] },
      { code: "SHAPE_MISMATCH", message: expect.stringContaining("[4]") },
    ],
    ["targets that the model does not have", { target_modules: ["c_attn"] }, undefined, { code: "OPTIONS_INVALID" }],
  ])("refuses %s", async (name, config, tensors, expected) => {
    await expect(load(await variant(name.replaceAll(" ", "-"), config, tensors))).rejects.toMatchObject(expected);
  });

  it("takes base parameters that a file repeats, if they are this base's", async () => {
    const folder = join(root, "repeats-base");
    const table = await readParameter(runtime, model, "model.embed_tokens.weight");
    const shape = [11, 8];
    const write = (data: Float32Array) =>
      writeSafetensors(join(folder, "adapter_model.safetensors"), [
        ...keys.map((name) => ({ name, dtype: "F32" as const, shape: [8], data: new Float32Array(8).fill(2) })),
        { name: "base_model.model.model.embed_tokens.weight", dtype: "F32", shape, data },
      ]);
    await variant("repeats-base", {});
    await write(table);
    const { values } = await load(folder);
    expect([...values.keys()]).toHaveLength(2);
    const notices: string[] = [];
    await load(folder, (sentence) => notices.push(sentence));
    expect(notices).toEqual([]);
    await write(table.map((value) => value * (1 + 2 ** -10)));
    await load(folder, (sentence) => notices.push(sentence));
    expect(notices).toEqual([expect.stringMatching(/embed_tokens.* up to rounding; the model's own values are used/)]);
    await write(table.map((value, index) => (index === 40 ? value + 0.5 : value)));
    await expect(load(folder)).rejects.toMatchObject({
      code: "CONFIG_INCOMPATIBLE",
      message: expect.stringContaining("element 40"),
    });
  });

  it("says that a folder without files is none", async () => {
    await expect(load(join(root, "nowhere"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });
});

describe("saving", () => {
  it("refuses values that are not finite, and a choice that was not made", async () => {
    const adapters = attachAdapters(
      model,
      ["a", "b"].map((name) => ({ name, method: shift, options: {} })),
    );
    const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 1 });
    values.get("a/model.layers.1.self_attn.q_proj.shift")![3] = Number.NaN;
    await expect(saveAdapter(runtime, model, adapters, values, join(root, "x"))).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      hint: expect.stringContaining("a, b"),
    });
    await expect(saveAdapter(runtime, model, adapters, values, join(root, "x"), { name: "a" })).rejects.toMatchObject({
      code: "NUMERICS",
    });
    await expect(
      saveAdapter(runtime, model, adapters, values, join(root, "x"), { name: "b" }),
    ).resolves.toBeUndefined();
  });
});

it("says where an adapter cannot be merged, before anything is computed", async () => {
  const adapters = attachAdapters(model, [
    { name: "default", method: shift, options: { targetModules: ["q_proj", "up_proj"] } },
  ]);
  const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 1 });
  const placed = await placeForInference(runtime, adapters, values);
  expect(() => mergeAdapters(runtime, model, adapters, placed.placement)).toThrow(
    expect.objectContaining({
      code: "CONFIG_INCOMPATIBLE",
      message: expect.stringMatching(/layers\.0\.mlp\.up_proj.*no bias/),
    }),
  );
  placed.dispose();
});

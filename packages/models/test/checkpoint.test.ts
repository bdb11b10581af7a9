import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@attune/spec";
import { createRuntime } from "@attune/tensor-core";
import { openCheckpoint, openSafetensors, type TensorToWrite, writeCheckpoint } from "@attune/weights";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  assertFitsContext,
  countParameters,
  disposeModel,
  initialiseModel,
  llama,
  loadCheckpoint,
  loadModel,
  modelTensors,
  readParameter,
  saveModel,
  writeParameter,
} from "../src/index.ts";
import { variantFolder } from "./support/fixtures.ts";
import { memoryRuntime } from "./support/interpret.ts";
import { memoryBackend } from "./support/memory-backend.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-models-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of a golden checkpoint with other tensors or another configuration. */
async function altered(
  name: string,
  variant: string,
  change: (tensors: TensorToWrite[]) => TensorToWrite[],
  config: JsonObject = {},
): Promise<string> {
  const checkpoint = await openCheckpoint(variantFolder(variant));
  const { tensors } = checkpoint;
  const all: TensorToWrite[] = tensors.names.map((key) => ({
    name: key,
    dtype: tensors.info(key).dtype,
    shape: tensors.info(key).shape,
    data: () => tensors.read(key),
  }));
  const target = join(folder, name);
  await writeCheckpoint(target, { config: { ...checkpoint.config, ...config }, tensors: change(all) });
  await checkpoint.close();
  return target;
}

describe("loadModel", () => {
  it("keeps matrices in the file's format or another, and vectors in f32", async () => {
    const formats = async (storage: "as-is" | "f32" | "bf16" | "f16"): Promise<unknown> => {
      const model = await loadModel(memoryRuntime(), variantFolder("rope-theta"), { storage });
      return ["model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight", "model.norm.weight"].map(
        (name) => model.parameters.get(name)!.type.format.id,
      );
    };
    expect(await formats("as-is")).toEqual(["bf16", "bf16", "f32"]);
    expect(await formats("f32")).toEqual(["f32", "f32", "f32"]);
    expect(await formats("f16")).toEqual(["f16", "f16", "f32"]);
    const file = await openSafetensors(join(variantFolder("rope-theta"), "model.safetensors"));
    for (const storage of ["as-is", "f32"] as const) {
      const runtime = memoryRuntime();
      const model = await loadModel(runtime, variantFolder("rope-theta"), { storage });
      for (const name of file.names)
        expect(await readParameter(runtime, model, name)).toEqual(await file.readFloat32(name));
    }
    await file.close();
  });

  it("puts trained parameters into one State region, aligned, and everything else into weights", async () => {
    const runtime = memoryRuntime();
    const model = await loadModel(runtime, variantFolder("sharded"), {
      trainable: ({ role }) => role === "norm",
      region: "mine",
      prefix: "a/",
    });
    expect(model.trained.map(({ name, offset, length, region }) => [name, offset, length, region])).toEqual([
      ["model.layers.0.input_layernorm.weight", 0, 32, "mine"],
      ["model.layers.0.post_attention_layernorm.weight", 64, 32, "mine"],
      ["model.layers.1.input_layernorm.weight", 128, 32, "mine"],
      ["model.layers.1.post_attention_layernorm.weight", 192, 32, "mine"],
      ["model.norm.weight", 256, 32, "mine"],
    ]);
    expect(runtime.states.elements("mine")).toBe(320);
    expect(runtime.weights.names().every((name) => name.startsWith("a/"))).toBe(true);
    const second = await loadModel(runtime, variantFolder("gqa"), { prefix: "b/" });
    const values = Float32Array.from({ length: 32 }, (_, index) => index / 8);
    await writeParameter(runtime, model, "model.norm.weight", values);
    await writeParameter(runtime, second, "model.norm.weight", values);
    expect(await readParameter(runtime, model, "model.norm.weight")).toEqual(values);
    expect(await readParameter(runtime, second, "model.norm.weight")).toEqual(values);
    await expect(writeParameter(runtime, model, "model.norm.weight", values.slice(1))).rejects.toMatchObject({
      code: "SHAPE_MISMATCH",
    });
    disposeModel(runtime, model);
    disposeModel(runtime, second);
    expect(runtime.memory()).toEqual({ weights: 0, state: 0, arena: 0, staging: 0 });
  });

  it("reads what is kept as it is straight into memory that the host sees, to the same values", async () => {
    const backend = memoryBackend({ seen: true });
    let copied = 0;
    const write: typeof backend.write = async (allocation, offset, bytes) => {
      copied += bytes.byteLength;
      await backend.write(allocation, offset, bytes);
    };
    const runtime = createRuntime({ backend: { ...backend, write } });
    const trainable = ({ name }: { name: string }): boolean => name.includes("up_proj");
    const model = await loadModel(runtime, variantFolder("gqa"), { trainable });
    const tables = ["cos", "sin"].map((part) => [...model.parameters.keys()].find((name) => name.includes(part))!);
    const bytesOf = ([rows, columns]: readonly number[]): number => 4 * rows! * columns!;
    expect(copied).toBe(tables.reduce((sum, name) => sum + bytesOf(model.parameters.get(name)!.type.shape), 0));
    const copying = memoryRuntime();
    const other = await loadModel(copying, variantFolder("gqa"), { trainable });
    for (const { name } of model.specs) {
      expect(await readParameter(runtime, model, name)).toEqual(await readParameter(copying, other, name));
    }
  });

  it("takes everything out again, once nothing is being read any more, where one tensor cannot be read", async () => {
    const { tensors, ...checkpoint } = await openCheckpoint(variantFolder("gqa"));
    let [reading, begun] = [0, 0];
    const readInto: typeof tensors.readInto = async (name, target, start) => {
      begun++;
      reading++;
      try {
        await tensors.readInto(name, target, start);
        if (name.includes("embed_tokens")) throw new Error("the disk is gone");
      } finally {
        reading--;
      }
    };
    for (const trainable of [undefined, "all"] as const) {
      begun = 0;
      const runtime = createRuntime({ backend: memoryBackend({ seen: true }) });
      const content = { ...checkpoint, tensors: { ...tensors, readInto } };
      await expect(loadCheckpoint(runtime, content, { trainable })).rejects.toThrow("the disk is gone");
      expect(reading).toBe(0);
      expect(begun).toBeLessThan(tensors.names.length);
      expect(runtime.memory()).toMatchObject({ weights: 0, state: 0 });
    }
    await tensors.close();
  });

  it("names missing, left over and wrongly shaped tensors, and leaves nothing behind", async () => {
    const runtime = memoryRuntime();
    const broken = await altered(
      "broken",
      "gqa",
      (tensors) => [
        ...tensors.filter(({ name }) => !name.includes("1.mlp.up_proj")),
        { name: "model.layers.2.mlp.up_proj.weight", dtype: "F32", shape: [1], data: new Float32Array(1) },
      ],
      { num_key_value_heads: 4 },
    );
    await expect(loadModel(runtime, broken)).rejects.toMatchObject({ code: "FILE_CORRUPT" });
    await expect(loadModel(runtime, broken)).rejects.toThrow(
      /missing: model\.layers\.1\.mlp\.up_proj\.weight; not expected: model\.layers\.2\.mlp\.up_proj\.weight; of another shape: model\.layers\.0\.self_attn\.k_proj\.weight is \[16, 32\] instead of \[32, 32\]/,
    );
    const integers = await altered("integers", "gqa", (tensors) =>
      tensors.map((tensor) => (tensor.name === "lm_head.weight" ? { ...tensor, dtype: "I32" as const } : tensor)),
    );
    await expect(loadModel(runtime, integers)).rejects.toThrow('"lm_head.weight" is of type I32');
    const untrue = await altered("untrue", "tied-head-stored", (tensors) =>
      tensors.map((tensor) =>
        tensor.name === "lm_head.weight" ? { ...tensor, data: new Uint16Array(96 * 32) } : tensor,
      ),
    );
    await expect(loadModel(runtime, untrue)).rejects.toThrow('ties "lm_head.weight" to "model.embed_tokens.weight"');
    await expect(loadModel(runtime, variantFolder("gqa"), { contextLength: 0 })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
    });
    const stop = AbortSignal.abort();
    await expect(loadModel(runtime, variantFolder("gqa"), { signal: stop, trainable: "all" })).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(runtime.memory()).toMatchObject({ weights: 0, state: 0 });
  });

  it("reads a tied model that stores its table as the head, and leaves frequencies out", async () => {
    const runtime = memoryRuntime();
    const frequencies = ["model.rotary_emb.inv_freq", "model.layers.0.self_attn.rotary_emb.inv_freq"].map(
      (name): TensorToWrite => ({ name, dtype: "F32", shape: [4], data: new Float32Array(4) }),
    );
    const onlyHead = await altered("only-head", "tied-head-stored", (tensors) => [
      ...tensors.filter(({ name }) => name !== "model.embed_tokens.weight"),
      ...frequencies,
    ]);
    const model = await loadModel(runtime, onlyHead);
    const other = memoryRuntime();
    const expected = await readParameter(
      other,
      await loadModel(other, variantFolder("tied-head-stored")),
      "model.embed_tokens.weight",
    );
    expect(await readParameter(runtime, model, "model.embed_tokens.weight")).toEqual(expected);
    const untied = await altered("only-head-untied", "gqa", (tensors) =>
      tensors.filter(({ name }) => name !== "model.embed_tokens.weight"),
    );
    await expect(loadModel(memoryRuntime(), untied)).rejects.toThrow("missing: model.embed_tokens.weight");
  });

  it("refuses rows longer than the context unless the model stretches", async () => {
    const model = await loadModel(memoryRuntime(), variantFolder("gqa"), { contextLength: 12 });
    expect(() => assertFitsContext(model, 13, "Row 4")).toThrow("Row 4 has 13 tokens, but the model's context is 12.");
    assertFitsContext(model, 12, "Row 4");
    assertFitsContext(await loadModel(memoryRuntime(), variantFolder("rope-dynamic")), 4000, "Row 4");
  });
});

describe("saveModel", () => {
  it("writes what it loaded, in the configuration's own spelling", async () => {
    for (const [variant, dtype] of [
      ["gqa", "F32"],
      ["legacy", "F16"],
      ["tied-head-stored", "BF16"],
    ] as const) {
      const runtime = memoryRuntime();
      const model = await loadModel(runtime, variantFolder(variant), { trainable: ({ role }) => role === "linear" });
      const target = join(folder, `saved-${variant}`);
      await saveModel(runtime, model, target, { dtype });
      const again = memoryRuntime();
      const loaded = await loadModel(again, target);
      expect(loaded.config).toEqual(model.config);
      expect(loaded.configJson).toEqual(model.configJson);
      for (const { name } of model.specs) {
        expect(await readParameter(again, loaded, name), name).toEqual(await readParameter(runtime, model, name));
      }
    }
  });

  it("writes replaced values, and unties a head that gets its own", async () => {
    const runtime = memoryRuntime();
    const model = await loadModel(runtime, variantFolder("mha-tied"));
    const values = new Float32Array(96 * 32).fill(0.5);
    const target = join(folder, "untied");
    await saveModel(runtime, model, target, {
      dtype: "F32",
      replace: new Map([["lm_head.weight", async () => values]]),
    });
    const loaded = await loadModel(memoryRuntime(), target);
    expect(loaded.config.tiedEmbeddings).toBe(false);
    const config = JSON.parse(await readFile(join(target, "config.json"), "utf8"));
    expect(config).toMatchObject({ tie_word_embeddings: false, dtype: "float32" });
    const runtimeAgain = memoryRuntime();
    const again = await loadModel(runtimeAgain, target);
    expect(await readParameter(runtimeAgain, again, "lm_head.weight")).toEqual(values);
    expect(await readParameter(runtimeAgain, again, "model.embed_tokens.weight")).toEqual(
      await readParameter(runtime, model, "model.embed_tokens.weight"),
    );
    expect(() => modelTensors(runtime, model, { replace: new Map([["nothing", async () => values]]) })).toThrow(
      'no "nothing"',
    );
  });

  it("is refused by loading when cut short", async () => {
    const runtime = memoryRuntime();
    const target = join(folder, "cut");
    await saveModel(runtime, await loadModel(runtime, variantFolder("gqa")), target);
    const bytes = await readFile(join(target, "model.safetensors"));
    await writeFile(join(target, "model.safetensors"), bytes.subarray(0, bytes.length - 10));
    await expect(loadModel(memoryRuntime(), target)).rejects.toMatchObject({ code: "FILE_CORRUPT" });
  });
});

describe("initialiseModel", () => {
  const config: JsonObject = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: 256,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 32,
    attention_bias: true,
    initializer_range: 0.05,
  };

  it("draws each parameter by its name and the seed alone", async () => {
    const values = async (
      seed: number,
      json: JsonObject = config,
    ): Promise<(name: string) => Promise<Float32Array>> => {
      const runtime = memoryRuntime();
      const model = await initialiseModel(runtime, json, { seed });
      expect(model.trained).toHaveLength(llama.parameters(model.config as never).length);
      return (name) => readParameter(runtime, model, name);
    };
    const first = await values(1);
    const name = "model.layers.1.mlp.down_proj.weight";
    expect(await (await values(1, { ...config, vocab_size: 300 }))(name)).toEqual(await first(name));
    expect(await (await values(2))(name)).not.toEqual(await first(name));
    const deviation = (numbers: Float32Array): number =>
      Math.sqrt(numbers.reduce((sum, value) => sum + value * value, 0) / numbers.length);
    expect(deviation(await first("model.layers.0.mlp.up_proj.weight"))).toBeCloseTo(0.05, 2);
    expect(deviation(await first(name)) / 0.05).toBeCloseTo(1 / Math.sqrt(6), 1);
    expect(deviation(await first("lm_head.weight"))).toBeCloseTo(0.05, 2);
    expect(new Set(await first("model.norm.weight"))).toEqual(new Set([1]));
    expect(new Set(await first("model.layers.0.self_attn.q_proj.bias"))).toEqual(new Set([0]));
  });

  it("counts parameters, tied ones once", () => {
    const parsed = llama.parseConfig(config);
    const block = 64 * 64 * 2 + 64 * 32 * 2 + 64 + 32 + 32 + 64 + 3 * 64 * 128 + 2 * 64;
    expect(countParameters(llama, parsed)).toBe(2 * 256 * 64 + 3 * block + 64);
    expect(countParameters(llama, { ...parsed, tiedEmbeddings: true })).toBe(256 * 64 + 3 * block + 64);
  });
});

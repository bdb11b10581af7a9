import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  adapterFolderOf,
  copyTokenizerFiles,
  openAdapterFolder,
  openCheckpoint,
  openSafetensors,
  type TensorToWrite,
  writeAdapterFolder,
  writeCheckpoint,
} from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const tensors: TensorToWrite[] = [
  { name: "model.embed_tokens.weight", dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  { name: "model.norm.weight", dtype: "F32", shape: [2], data: Float32Array.of(5, 6) },
];
const config = { model_type: "llama", hidden_size: 2, eos_token_id: [1, 2], name: "é" };

describe("checkpoint folders", () => {
  it("copies a tokenizer of any name with what is read together with it", async () => {
    const [source, target] = [join(temporaryFolder(), "named"), join(temporaryFolder(), "copy")];
    mkdirSync(source);
    for (const name of ["mine.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "chat_template.jinja"]) {
      writeFileSync(join(source, name), name);
    }
    const names = await copyTokenizerFiles(join(source, "mine.json"), target);
    expect(names.toSorted()).toEqual(["chat_template.jinja", "tokenizer.json", "tokenizer_config.json"]);
    expect(readdirSync(target).toSorted()).toEqual(names.toSorted());
    expect(readFileSync(join(target, "tokenizer.json"), "utf8")).toBe("mine.json");
    await expect(copyTokenizerFiles(join(source, "absent.json"), target)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });

  it("gives back what was written, with the tokenizer's files", async () => {
    const source = temporaryFolder();
    writeFileSync(join(source, "tokenizer.json"), "{}");
    writeFileSync(join(source, "chat_template.jinja"), "{{ x }}");
    writeFileSync(join(source, "unrelated.txt"), "");
    const folder = join(temporaryFolder(), "new/model");
    await writeCheckpoint(folder, { config, generationConfig: { do_sample: true }, tensors, tokenizerFrom: source });
    expect(readdirSync(folder).sort()).toEqual([
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.config).toEqual(config);
    expect(checkpoint.generationConfig).toEqual({ do_sample: true });
    expect(checkpoint.tokenizerFiles).toEqual(["tokenizer.json", "chat_template.jinja"]);
    expect([...(await checkpoint.tensors.readFloat32("model.norm.weight"))]).toEqual([5, 6]);
    await checkpoint.close();
  });

  it("writes config.json with sorted keys in ASCII, as Transformers does", async () => {
    const folder = temporaryFolder();
    await writeCheckpoint(folder, { config, tensors });
    expect(readFileSync(join(folder, "config.json"), "utf8")).toBe(
      '{\n  "eos_token_id": [\n    1,\n    2\n  ],\n  "hidden_size": 2,\n  "model_type": "llama",\n  "name": "\\u00e9"\n}\n',
    );
  });

  it("removes weights of an earlier content, so that none are mixed", async () => {
    const folder = temporaryFolder();
    await writeCheckpoint(folder, { config, tensors, maxShardBytes: 16 });
    expect(readdirSync(folder).filter((name) => name.includes("-of-"))).toHaveLength(2);
    await writeCheckpoint(folder, { config, tensors });
    expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors"]);
    await writeCheckpoint(folder, { config, tensors, maxShardBytes: 16 });
    expect(existsSync(join(folder, "model.safetensors"))).toBe(false);
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.tensors.names).toHaveLength(2);
    await checkpoint.close();
  });

  it("says what is missing or cannot be read", async () => {
    const folder = temporaryFolder();
    await expect(openCheckpoint(join(folder, "none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(openCheckpoint(folder)).rejects.toThrow(/Expected config.json/);
    writeFileSync(join(folder, "config.json"), "[1]");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ code: "FILE_CORRUPT" });
    writeFileSync(join(folder, "config.json"), "{}");
    await expect(openCheckpoint(folder)).rejects.toThrow(/Expected model.safetensors or/);
    writeFileSync(join(folder, "pytorch_model.bin"), "");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      hint: expect.stringContaining("safe_serialization"),
    });
  });
});

describe("adapter folders", () => {
  const adapter: TensorToWrite[] = [
    {
      name: "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
      dtype: "F32",
      shape: [1, 2],
      data: Float32Array.of(1, 2),
    },
  ];
  const adapterConfig = { r: 8, peft_type: "LORA", inference_mode: false, target_modules: ["v_proj", "q_proj"] };

  it("writes the files that PEFT writes and reads them back", async () => {
    const folder = join(temporaryFolder(), "adapter");
    await writeAdapterFolder(folder, { config: adapterConfig, tensors: adapter });
    expect(readdirSync(folder).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    expect(readFileSync(join(folder, "adapter_config.json"), "utf8")).toBe(
      '{\n  "inference_mode": true,\n  "peft_type": "LORA",\n  "r": 8,\n  "target_modules": [\n    "v_proj",\n    "q_proj"\n  ]\n}',
    );
    const reader = await openSafetensors(join(folder, "adapter_model.safetensors"));
    expect([...reader.metadata]).toEqual([["format", "pt"]]);
    await reader.close();
    const opened = await openAdapterFolder(folder);
    expect(opened.config["r"]).toBe(8);
    expect(opened.tensors.names).toEqual([adapter[0]!.name]);
    await opened.close();
  });

  it("puts the default adapter at the root and others in folders of their names", () => {
    expect(adapterFolderOf("out", "default")).toBe("out");
    expect(adapterFolderOf("out", "mail")).toBe(join("out", "mail"));
  });

  it("refuses pickles with a hint, and configs that name no method", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "adapter_config.json"), '{"peft_type":"LORA"}');
    await expect(openAdapterFolder(folder)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    writeFileSync(join(folder, "adapter_model.bin"), "");
    await expect(openAdapterFolder(folder)).rejects.toMatchObject({
      code: "FILE_UNSUPPORTED",
      hint: expect.stringContaining("save_pretrained"),
    });
    writeFileSync(join(folder, "adapter_config.json"), '{"r":8}');
    await expect(openAdapterFolder(folder)).rejects.toMatchObject({ code: "FILE_CORRUPT" });
    await expect(writeAdapterFolder(folder, { config: { r: 1 }, tensors: [] })).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
  });
});

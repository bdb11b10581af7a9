import type { JsonObject } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { findFamily, type LlamaConfig, llama } from "../src/index.ts";
import { defaultFamilies } from "../src/load-checkpoint.ts";

const small: JsonObject = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 96,
  hidden_size: 32,
  intermediate_size: 40,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 128,
};

const parse = (changes: JsonObject): LlamaConfig => llama.parseConfig({ ...small, ...changes }, "folder/config.json");

describe("a Llama configuration", () => {
  it("fills what old files leave out", () => {
    expect(parse({})).toMatchObject({
      keyValueHeads: 4,
      headDimension: 8,
      activation: "silu",
      normEpsilon: 1e-6,
      window: 0,
      tiedEmbeddings: false,
      rope: { type: "default", theta: 10000, dimension: 8 },
      eosIds: [],
      trainedPositions: 128,
      extendsPositions: false,
    });
    expect(
      parse({ head_dim: null, rope_scaling: null, eos_token_id: [3, 4], pad_token_id: -1, bos_token_id: 1 }),
    ).toMatchObject({ headDimension: 8, eosIds: [3, 4], padId: undefined, bosId: 1 });
    expect(parse({ model_type: "mistral", num_attention_heads: 16, sliding_window: null })).toMatchObject({
      keyValueHeads: 8,
      window: 0,
    });
    expect(parse({ model_type: "mistral", num_attention_heads: 16 })).toMatchObject({ window: 4096 });
  });

  it("reads rotary scaling in both spellings, the old one first", () => {
    expect(parse({ rope_parameters: { rope_theta: 5e5, rope_type: "default" }, rope_theta: 7 }).rope).toMatchObject({
      theta: 5e5,
    });
    expect(
      parse({ rope_scaling: { type: "linear", factor: 4 }, rope_theta: 7, rope_parameters: { rope_theta: 9 } }).rope,
    ).toMatchObject({ type: "linear", factor: 4, theta: 7 });
    expect(parse({ rope_scaling: { type: "dynamic", rope_type: "linear", factor: 2 } }).rope.type).toBe("linear");
    expect(parse({ rope_scaling: {}, rope_parameters: { rope_type: "dynamic", factor: 2 } })).toMatchObject({
      extendsPositions: true,
      rope: { trainedPositions: 128 },
    });
    const llama3 = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    };
    expect(parse({ rope_parameters: llama3 }).rope).toMatchObject({ trainedPositions: 32 });
    expect(parse({ rope_parameters: llama3, original_max_position_embeddings: 64 }).rope).toMatchObject({
      trainedPositions: 64,
    });
    expect(parse({ rope_scaling: { rope_type: "yarn", original_max_position_embeddings: 32 } }).rope).toMatchObject({
      factor: 4,
      attentionScaling: 0.1 * Math.log(4) + 1,
      truncate: true,
    });
    const truncates = (changes: JsonObject) =>
      parse({ rope_scaling: { rope_type: "yarn", factor: 4, ...changes } }).rope;
    expect([{}, { truncate: true }].map(truncates)).toEqual(Array(2).fill(expect.objectContaining({ truncate: true })));
    expect([{ truncate: false }, { truncate: null }].map(truncates)).toEqual(
      Array(2).fill(expect.objectContaining({ truncate: false })),
    );
    expect(parse({ rope_scaling: { rope_type: "yarn", factor: 0.5 } }).rope).toMatchObject({ attentionScaling: 1 });
    const factors = { short_factor: [1, 1, 1, 1], long_factor: [1, 2, 3, 4] };
    expect(
      parse({ rope_scaling: { rope_type: "longrope", ...factors, original_max_position_embeddings: 32 } }),
    ).toMatchObject({
      extendsPositions: false,
      stretchesBeyond: 32,
      rope: { longFactors: [1, 2, 3, 4], attentionScaling: Math.sqrt(1 + Math.log(4) / Math.log(32)) },
    });
  });

  const wrong: [string, JsonObject, string, string][] = [
    [
      "a missing size",
      { hidden_size: null },
      "FILE_CORRUPT",
      'expected "hidden_size" to be a whole number from 1, but received null',
    ],
    ["a size of zero", { num_hidden_layers: 0 }, "FILE_CORRUPT", '"num_hidden_layers"'],
    [
      "a size that is text",
      { vocab_size: "96" },
      "FILE_CORRUPT",
      '"vocab_size" to be a whole number from 1, but received "96"',
    ],
    ["heads that do not divide", { num_attention_heads: 5 }, "FILE_CORRUPT", "a divisor of hidden_size 32"],
    [
      "grouped heads that do not divide",
      { num_key_value_heads: 3 },
      "FILE_CORRUPT",
      "a divisor of the 4 attention heads",
    ],
    ["an odd head", { head_dim: 7 }, "FILE_CORRUPT", "rotated in pairs"],
    ["an unknown activation", { hidden_act: "mish" }, "FILE_UNSUPPORTED", '"mish"'],
    [
      "an unknown rotary type",
      { rope_scaling: { type: "proportional", factor: 2 } },
      "FILE_UNSUPPORTED",
      '"proportional" is not supported',
    ],
    [
      "divisors that are not one a pair",
      { rope_scaling: { rope_type: "longrope", short_factor: [1, 1], long_factor: [1, 1, 1, 1] } },
      "FILE_CORRUPT",
      '"rope_scaling.short_factor" to be a list of 4 values, each a number above 0',
    ],
    [
      "a rotary type without its factor",
      { rope_scaling: { type: "linear" } },
      "FILE_CORRUPT",
      '"rope_scaling.factor"'.replace("rope_scaling.", "rope_scaling."),
    ],
    ["rotary fields of a wrong type", { rope_parameters: [1] }, "FILE_CORRUPT", '"rope_parameters" to be an object'],
    ["partly rotated heads", { partial_rotary_factor: 0.5 }, "FILE_UNSUPPORTED", "partial_rotary_factor"],
    [
      "a Mistral whose layers differ",
      { model_type: "mistral", layer_types: ["full_attention", "sliding_attention"], num_key_value_heads: 4 },
      "FILE_UNSUPPORTED",
      "attention of their own kind",
    ],
    ["interleaved rotary pairs", { rope_interleaved: true }, "FILE_UNSUPPORTED", "interleaved"],
    ["quantised weights", { quantization_config: { bits: 4 } }, "FILE_UNSUPPORTED", "quantised"],
    ["a token outside the vocabulary", { eos_token_id: 96 }, "FILE_CORRUPT", "below vocab_size 96"],
    ["a token that is no number", { bos_token_id: "<s>" }, "FILE_CORRUPT", "a whole number from 0, or a list of such"],
    ["a base that is text", { rope_theta: "1e4" }, "FILE_CORRUPT", '"rope_theta"'],
  ];
  it.each(wrong)("refuses %s, naming file and key", (_name, changes, code, message) => {
    try {
      parse(changes);
    } catch (error) {
      expect(error).toMatchObject({ code, details: { file: "folder/config.json" } });
      expect((error as Error).message).toContain(message);
      expect((error as Error).message).toContain("folder/config.json");
      return;
    }
    expect.unreachable();
  });
});

describe("findFamily", () => {
  it("goes by architecture, then by model type, and lists what is known", () => {
    expect(findFamily(defaultFamilies, { architectures: ["MistralForCausalLM"] })).toBe(llama);
    expect(findFamily(defaultFamilies, { model_type: "llama" })).toBe(llama);
    expect(() =>
      findFamily(defaultFamilies, { architectures: ["GPT2LMHeadModel"], model_type: "llama" }, "x/config.json"),
    ).toThrow("x/config.json is of architecture GPT2LMHeadModel");
    expect(() => findFamily(defaultFamilies, {})).toThrow("architecture none");
  });

  it("refuses an architecture whose model type is another model's, which Transformers would run", () => {
    for (const model_type of ["granite", "gemma", "qwen2"]) {
      const find = () =>
        findFamily(defaultFamilies, { architectures: ["LlamaForCausalLM"], model_type }, "x/config.json");
      expect(find).toThrow(`x/config.json is of architecture LlamaForCausalLM and of model_type ${model_type}`);
      expect(find).toThrow(
        expect.objectContaining({ code: "FILE_UNSUPPORTED", details: { file: "x/config.json", key: "model_type" } }),
      );
    }
    expect(findFamily(defaultFamilies, { architectures: ["LlamaForCausalLM"], model_type: "mistral" })).toBe(llama);
    expect(findFamily(defaultFamilies, { architectures: ["LlamaForCausalLM"], model_type: null })).toBe(llama);
  });
});

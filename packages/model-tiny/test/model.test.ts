import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder } from "../src/index.ts";

describe("attune:tiny", () => {
  it("is a Hugging Face folder with weights of at most 16 MB", () => {
    for (const name of ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]) {
      expect(existsSync(join(folder, name)), name).toBe(true);
    }
    expect(statSync(join(folder, "model.safetensors")).size).toBeLessThan(16e6);
  });

  it("reserves role, padding and placeholder tokens, and has sizes that K-quants divide", () => {
    const { model } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as {
      model: { vocab: Record<string, number> };
    };
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, number>;
    const reserved = [
      "<s>",
      "</s>",
      "<pad>",
      "<|system|>",
      "<|user|>",
      "<|assistant|>",
      "<|end|>",
      "<|placeholder_15|>",
    ];
    for (const token of reserved) expect(model.vocab[token], token).toBeLessThan(23);
    expect(Object.keys(model.vocab)).toHaveLength(config["vocab_size"]!);
    expect([config["hidden_size"]! % 256, config["intermediate_size"]! % 256]).toEqual([0, 0]);
  });

  it("comes with the metrics of its training, whose loss fell", () => {
    const losses = readFileSync(new URL("../metrics.jsonl", import.meta.url), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { loss: number }).loss);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-50))).toBeLessThan(mean(losses.slice(0, 50)) - 1.5);
  });
});

import { llama, readParameter } from "@attune/models";
import { attachAdapters, initialiseAdapters } from "@attune/peft-core";
import { createTinyModel } from "@attune/peft-testkit";
import { describe, expect, it } from "vitest";
import { lora } from "../src/index.ts";
import { matrixProduct, svd } from "../src/linear-algebra.ts";
import { strictRuntime } from "./support/golden.ts";

async function initial(
  options: object,
): Promise<{ value: (name: string) => Float32Array; weight: (name: string) => Promise<Float32Array> }> {
  const runtime = strictRuntime();
  const model = await createTinyModel(runtime);
  const adapters = attachAdapters(model, [{ name: "a", method: lora, options }]);
  const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 5 });
  return {
    value: (name) => values.get(`a/${name}`)!,
    weight: (name) => readParameter(runtime, model, `${name}.weight`),
  };
}

const largest = (actual: ArrayLike<number>, expected: ArrayLike<number>): number =>
  Math.max(...Array.from(expected, (value, index) => Math.abs(value - actual[index]!)));
const module = "model.layers.0.self_attn.q_proj";
const moments = (values: Float32Array): { mean: number; deviation: number; largest: number } => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { mean, deviation, largest: Math.max(...values.map(Math.abs)) };
};

describe("first values", () => {
  // 16 inputs and rank 256: 4096 numbers, so the deviation is known to about 1 %, the mean to 1/64 of a deviation.
  it.each([
    ["default", {}, `${module}.lora_A.weight`, 0.25 / Math.sqrt(3), 0.25],
    ["gaussian", { initialWeights: "gaussian" }, `${module}.lora_A.weight`, 1 / 256, undefined],
    ["random", { initialWeights: "random" }, `${module}.lora_B.weight`, 1 / 16 / Math.sqrt(3), 1 / 16],
    ["a table", { targetModules: ["embed_tokens"] }, "model.embed_tokens.lora_embedding_B", 1, undefined],
  ] as const)("of %s are distributed as PEFT's", async (_, options, name, deviation, bound) => {
    const { value } = await initial({ rank: 256, ...options });
    const found = moments(value(name));
    expect(found.deviation / deviation).toBeGreaterThan(0.95);
    expect(found.deviation / deviation).toBeLessThan(1.05);
    expect(Math.abs(found.mean)).toBeLessThan(deviation / 16);
    if (bound !== undefined) expect(found.largest).toBeLessThanOrEqual(bound);
    if (bound !== undefined) expect(found.largest).toBeGreaterThan(0.98 * bound);
  });

  it("start with the zero side at zero, and each module with its own", async () => {
    const { value } = await initial({ rank: 4, targetModules: ["q_proj", "embed_tokens"] });
    expect(value(`${module}.lora_B.weight`).every((each) => each === 0)).toBe(true);
    expect(value("model.embed_tokens.lora_embedding_A").every((each) => each === 0)).toBe(true);
    expect(value(`${module}.lora_A.weight`)).not.toEqual(value("model.layers.1.self_attn.q_proj.lora_A.weight"));
  });

  it("of PiSSA are the principal part of the weight over the scaling", async () => {
    for (const initialWeights of ["pissa", "pissa_niter_16"]) {
      const { value, weight } = await initial({ rank: 3, alpha: 12, initialWeights });
      const W = await weight(module);
      const { U, S, V } = svd(W, 16, 16);
      const principal = matrixProduct(
        U.map((each, index) => (index % 16 < 3 ? each * S[index % 16]! : 0)),
        Float64Array.from({ length: 256 }, (_, index) => V[(index % 16) * 16 + Math.floor(index / 16)]!),
        [16, 16, 16],
      );
      const product = matrixProduct(value(`${module}.lora_B.weight`), value(`${module}.lora_A.weight`), [16, 3, 16]);
      const scaled = product.map((each) => 4 * each);
      expect(largest(scaled, principal)).toBeLessThan(initialWeights === "pissa" ? 1e-5 : 1e-3);
      expect(value(`${module}.initial_A`)).toEqual(value(`${module}.lora_A.weight`));
    }
  });

  it("of DoRA are the norms of the weight's rows", async () => {
    const { value, weight } = await initial({ rank: 2, dora: true });
    const W = await weight(module);
    const norms = Float32Array.from({ length: 16 }, (_, row) => Math.hypot(...W.subarray(row * 16, row * 16 + 16)));
    expect(largest(value(`${module}.lora_magnitude_vector`), norms)).toBeLessThan(1e-5);
  });

  it("of orthogonal factors have no product though neither is zero", async () => {
    const { value } = await initial({ rank: 4, initialWeights: "orthogonal" });
    const [A, B] = [value(`${module}.lora_A.weight`), value(`${module}.lora_B.weight`)];
    expect(Math.max(...matrixProduct(B, A, [16, 4, 16]).map(Math.abs))).toBeLessThan(1e-7);
    expect(moments(A).deviation).toBeGreaterThan(0.02);
    expect(moments(B).deviation).toBeGreaterThan(0.02);
  });
});

describe("counts of known models", () => {
  const shapes = {
    "LLaMA-7B": {
      vocab_size: 32000,
      hidden_size: 4096,
      intermediate_size: 11008,
      num_hidden_layers: 32,
      num_attention_heads: 32,
    },
    "Llama-3.2-3B": {
      vocab_size: 128256,
      hidden_size: 3072,
      intermediate_size: 8192,
      num_hidden_layers: 28,
      num_attention_heads: 24,
      num_key_value_heads: 8,
      tie_word_embeddings: true,
    },
  };

  it.each([
    ["LLaMA-7B", { rank: 8 }, 4_194_304, 6_742_609_920],
    ["LLaMA-7B", { rank: 16, targetModules: ["q_proj", "k_proj", "v_proj", "o_proj"] }, 16_777_216, 6_755_192_832],
    ["LLaMA-7B", { rank: 64, targetModules: "all-linear" }, 159_907_840, undefined],
    ["Llama-3.2-3B", { rank: 32 }, 9_175_040, 3_212_749_824 + 9_175_040],
    ["Llama-3.2-3B", { rank: 64, rankStabilized: true }, 18_350_080, undefined],
    ["Llama-3.2-3B", { rank: 10, targetModules: ["gate_proj", "up_proj", "down_proj"] }, 9_461_760, undefined],
    ["Llama-3.2-3B", { rank: 32, dora: true }, 9_289_728, undefined],
  ] as const)("%s with %j trains %i", (name, options, trainable, total) => {
    const config = llama.parseConfig({ architectures: ["LlamaForCausalLM"], ...shapes[name] });
    const counts = attachAdapters({ family: llama, config }, [{ name: "default", method: lora, options }]).counts();
    expect(counts.trainable).toBe(trainable);
    if (total !== undefined) expect(counts.total).toBe(total);
  });
});

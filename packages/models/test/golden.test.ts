import { describe, expect, it } from "vitest";
import { type LlamaConfig, listSites, loadModel, ropeTables, type SiteVisitor } from "../src/index.ts";
import { describeVariant, goldenCases, variantFolder, variants } from "./support/fixtures.ts";
import { memoryRuntime } from "./support/interpret.ts";
import { runCase } from "./support/run-case.ts";

// Transformers computes in f32, this in float64. Its own three ways (eager f32, sdpa f32, eager f64) differ by the recorded
// spread; rotary tables in f32 add an error that grows with the position. Four times the spread covers both.
const within = (spread: number): number => 4 * spread + 1e-7;

const largestDifference = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  counts: (index: number) => boolean = () => true,
): number => {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    if (!counts(index)) continue;
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
};

describe.each(variants)("llama %s", (variant) => {
  it("gives Transformers' logits, losses and gradients", async () => {
    const cases = await goldenCases(variant);
    expect(cases.length).toBeGreaterThan(0);
    for (const golden of cases) {
      const runtime = memoryRuntime();
      const withGradients = golden.gradients.size > 0;
      const model = await loadModel(runtime, variantFolder(variant), {
        contextLength: Math.max(...golden.positions) + 1,
        trainable: withGradients ? "all" : undefined,
      });
      const outputs = await runCase(runtime, model, golden, { gradients: withGradients, chunkBytes: 7000 });
      const isToken = (index: number): boolean => golden.mask[Math.floor(index / model.config.vocabularySize)] === 1;
      expect(largestDifference(outputs["logits"]!, golden.logits, isToken), golden.name).toBeLessThan(
        within(golden.spread.logits),
      );
      expect(Math.abs(outputs["loss"]![0]! - golden.loss)).toBeLessThan(within(golden.spread.loss) + 1e-6);
      expect([...golden.gradients.keys()].sort()).toEqual(
        withGradients ? model.trained.map(({ name }) => name).sort() : [],
      );
      for (const [name, gradient] of golden.gradients) {
        expect(largestDifference(outputs[`grad.${name}`]!, gradient), name).toBeLessThan(within(golden.spread.grad));
        expect(
          gradient.some((value) => value !== 0),
          name,
        ).toBe(true);
      }
    }
  });

  it("has Transformers' rotary frequencies and number of parameters", async () => {
    const { rope, parameters } = describeVariant(variant);
    const { config, family, specs } = await loadModel(memoryRuntime(), variantFolder(variant));
    const { cos, sin } = ropeTables((config as LlamaConfig).rope, { positions: 2, sequenceLength: 2 });
    const half = rope.inverse_frequencies.length;
    rope.inverse_frequencies.forEach((frequency, pair) => {
      expect(cos[half + pair]).toBeCloseTo(Math.cos(frequency) * rope.attention_scaling, 6);
      expect(sin[half + pair]).toBeCloseTo(Math.sin(frequency) * rope.attention_scaling, 6);
    });
    const counted = specs
      .filter(({ tiedTo }) => !tiedTo)
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(counted).toBe(parameters);
    const stored = listSites(family, config).flatMap((site) => Object.values(site.parameters).map(({ name }) => name));
    expect(new Set(stored)).toEqual(new Set(specs.filter(({ tiedTo }) => !tiedTo).map(({ name }) => name)));
  });
});

it("hands hidden states to observers, as Transformers numbers them", async () => {
  const runtime = memoryRuntime();
  const [golden] = await goldenCases("gqa");
  const model = await loadModel(runtime, variantFolder("gqa"));
  const observe: SiteVisitor = ({ kind, name, residual, x, trace }, next) => {
    if (kind === "subBlock" && name.endsWith("self_attn")) trace.output(name, residual!);
    if (kind === "head" && !seen.has(name)) trace.output(name, x);
    seen.add(name);
    return next();
  };
  const seen = new Set<string>();
  const outputs = await runCase(runtime, model, golden!, { visitors: [observe] });
  const names = ["model.layers.0.self_attn", "model.layers.1.self_attn", "lm_head"];
  names.forEach((name, index) => {
    expect(largestDifference(outputs[name]!, golden!.hidden[index]!), name).toBeLessThan(within(golden!.spread.hidden));
  });
});

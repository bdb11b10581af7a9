import { createCpuBackend } from "@attune/backend-cpu";
import { createStrictBackend } from "@attune/tensor-conformance";
import { type Backend, createRuntime } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { loadModel } from "../src/index.ts";
import { goldenCases, variantFolder, variants } from "./support/fixtures.ts";
import { passInputs, traceCase } from "./support/run-case.ts";

// Both sides compute in f32 here, in different orders: the bound is twice that of the float64 comparison.
const within = (spread: number): number => 8 * spread + 2e-7;

/** What is largest among the errors, each as a share of its bound. */
const worstShare = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number,
  counts: (index: number) => boolean = () => true,
): number => {
  let worst = 0;
  for (let index = 0; index < expected.length; index++) {
    const share = counts(index) ? Math.abs(actual[index]! - expected[index]!) / bound : 0;
    if (!(share <= worst)) worst = share;
  }
  return worst;
};

const backends: readonly (readonly [string, () => Backend])[] = [
  ["strict", () => createStrictBackend()],
  ["cpu", () => createCpuBackend({ threads: 2 })],
];

describe.each(backends)("on the %s backend", (_name, createBackend) => {
  it("every golden case agrees with Transformers in logits, loss and gradients, recomputed or not", async () => {
    const runtime = createRuntime({ backend: createBackend() });
    for (const [number, variant] of variants.entries()) {
      for (const golden of await goldenCases(variant)) {
        const gradients = golden.gradients.size > 0;
        const model = await loadModel(runtime, variantFolder(variant), {
          prefix: `${number} ${golden.name} `,
          region: `${number} ${golden.name}`,
          contextLength: Math.max(...golden.positions) + 1,
          trainable: gradients ? "all" : undefined,
        });
        for (const recompute of gradients ? [false, true] : [false]) {
          const program = await runtime.compile((trace) =>
            traceCase(trace, model, golden, { gradients, recompute, chunkBytes: 7000 }),
          );
          const outputs = await program.run(passInputs(golden));
          program.dispose();
          const where = `${variant} ${golden.name}`;
          const isToken = (index: number): boolean =>
            golden.mask[Math.floor(index / model.config.vocabularySize)] === 1;
          expect(
            worstShare(outputs["logits"]!, golden.logits, within(golden.spread.logits), isToken),
            where,
          ).toBeLessThan(1);
          expect(Math.abs(outputs["loss"]![0]! - golden.loss), where).toBeLessThan(within(golden.spread.loss) + 2e-6);
          for (const [name, gradient] of golden.gradients) {
            expect(
              worstShare(outputs[`grad.${name}`]!, gradient, within(golden.spread.grad)),
              `${where} ${name}`,
            ).toBeLessThan(1);
          }
        }
      }
    }
    await runtime.dispose();
  });
});

import { assert, assertDiffers, assertSame } from "../assertions.ts";
import { trainAdapters } from "../train-adapters.ts";
import { lossInputs, traceLogits, traceLoss, type Workbench, withAdapterTerms } from "../workbench.ts";
import type { Check } from "./check.ts";

async function weightBytes({ runtime }: Workbench): Promise<Map<string, Uint8Array>> {
  const bytes = new Map<string, Uint8Array>();
  for (const name of runtime.weights.names()) {
    const parts = await runtime.weights.read(name);
    parts.forEach((part, index) => {
      bytes.set(`${name} ${index}`, part.slice());
    });
  }
  return bytes;
}

/** Steps of an optimizer, on the backend. */
export const trainingChecks: readonly Check[] = [
  {
    name: "changes its own parameters in training steps, every one of them, and nothing else",
    async run({ workbench }) {
      const bench = await workbench();
      const { runtime, model, adapters, initial } = bench;
      const before = await weightBytes(bench);
      const { values, losses } = await trainAdapters(runtime, adapters, initial, {
        loss: (trace, placed, random) => {
          const visitors = adapters.visitors(placed.placement, { random });
          return withAdapterTerms(traceLoss(trace, model, visitors), adapters, trace, placed);
        },
        batches: [lossInputs, lossInputs, lossInputs],
        learningRate: () => 0.01,
      });
      assert(losses.every(Number.isFinite), `Losses are ${losses.join(", ")}.`);
      for (const { name, role } of adapters.parameters) {
        if (role === "trained") assertDiffers(`"${name}" after training`, values.get(name)!, initial.get(name)!, 1e-7);
        if (role === "frozen") assertSame(`"${name}", which is frozen`, values.get(name)!, initial.get(name)!);
      }
      const after = await weightBytes(bench);
      assert(after.size === before.size, "Training left weights behind.");
      for (const [name, bytes] of before) assertSame(`base weight "${name}"`, after.get(name)!, bytes);
    },
  },
  {
    name: "draws nothing at random outside training",
    async run({ workbench }) {
      const bench = await workbench();
      const visitors = bench.visit(await bench.place(bench.values));
      const plan = bench.runtime.plan((trace) => traceLogits(trace, bench.model, visitors));
      assert(!plan.dispatches.some(({ op }) => op.id === "dropout"), "The evaluation plan drops activations.");
    },
  },
];

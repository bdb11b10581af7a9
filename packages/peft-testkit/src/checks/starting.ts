import { bareName } from "@attune/peft-core";
import { elementCount } from "@attune/tensor-core";
import { assert, assertClose, assertSame, magnitude } from "../assertions.ts";
import { tokensOf } from "../workbench.ts";
import type { Check } from "./check.ts";

/** First values are f32; products of them cancel up to a few of its units. */
const startTolerance = 2 ** -20;

/** Before any training. */
export const startingChecks: readonly Check[] = [
  {
    name: "leaves the model's outputs as they are at the start",
    async run({ adapterCase, workbench }) {
      if (adapterCase.startsAsBase === false) return;
      const bench = await workbench();
      const adapted = tokensOf(await bench.logits(bench.visit(await bench.place())));
      const base = tokensOf(await bench.logits());
      assertClose("logits", adapted, base, startTolerance * magnitude(base));
    },
  },
  {
    name: "has the same first values for the same seed, and finite ones",
    async run({ workbench }) {
      const [first, second] = [await workbench(), await workbench()];
      for (const [name, values] of first.initial) {
        assertSame(name, values, second.initial.get(name)!);
        assert(values.every(Number.isFinite), `First values of "${name}" are not finite.`);
      }
    },
  },
  {
    name: "counts and describes its parameters",
    async run({ method, workbench }) {
      const { adapters, initial } = await workbench();
      const trained = adapters.parameters.filter(({ role }) => role === "trained");
      const sum = trained.reduce((total, { shape }) => total + elementCount(shape), 0);
      const [described] = adapters.describe();
      assert(sum > 0, "Nothing is trained.");
      assert(
        adapters.counts().trainable === sum,
        `counts() says ${adapters.counts().trainable} trained values, the shapes ${sum}.`,
      );
      assert(
        described!.trainable === sum && described!.method === method.id,
        "describe() does not agree with the parameters.",
      );
      assert(adapters.trainable(initial).length === trained.length, "trainable() does not list what is trained.");
      const keys = adapters.parameters.flatMap(({ key }) => (key === undefined ? [] : [key]));
      assert(new Set(keys).size === keys.length, "Two parameters have the same name in a file.");
      assert(
        new Set(adapters.parameters.map(bareName)).size === adapters.parameters.length,
        "Two parameters have the same name.",
      );
      const groups = new Set(adapters.groups.map(({ name }) => name));
      assert(
        trained.every(({ group }) => groups.has(group)),
        "A parameter is in a group that does not exist.",
      );
    },
  },
];

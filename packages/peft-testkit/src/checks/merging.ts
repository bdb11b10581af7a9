import { readParameter } from "@attune/models";
import { type MergedAdapters, mergeAdapters, type PlacedAdapters } from "@attune/peft-core";
import { assertClose, assertDiffers, assertSame, assertThrows, magnitude } from "../assertions.ts";
import { tokensOf, type Workbench } from "../workbench.ts";
import type { Check } from "./check.ts";

// A merged weight is rounded once to f32, by 2^-24 of itself; rounding errors of a matrix of a few dozen columns and two blocks
// add up to less than 2^8 of that in proportion to the largest logit.
const mergeTolerance = 2 ** -16;

async function baseValues({ runtime, model }: Workbench, names: Iterable<string>): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const name of names) values.set(name, await readParameter(runtime, model, name));
  return values;
}

function merge(bench: Workbench, placed: PlacedAdapters, unmerge = false): MergedAdapters {
  return mergeAdapters(bench.runtime, bench.model, bench.adapters, placed.placement, { unmerge });
}

/** Folding the adapter into the base. */
export const mergingChecks: readonly Check[] = [
  {
    name: "computes merged what it computes apart, or says why it cannot be merged",
    async run({ adapterCase, workbench }) {
      const bench = await workbench();
      const placed = await bench.place(bench.values);
      if (adapterCase.merges === false) {
        await assertThrows("merging", ["CONFIG_INCOMPATIBLE"], () => merge(bench, placed));
        return;
      }
      const apart = tokensOf(await bench.logits(bench.visit(placed)));
      const base = tokensOf(await bench.logits());
      const merged = merge(bench, placed);
      await merged.apply();
      const folded = tokensOf(await bench.logits());
      assertDiffers("merged logits and the base's", folded, base);
      assertClose("merged logits", folded, apart, mergeTolerance * magnitude(apart));
      await merged.apply();
      assertSame("logits after merging twice", tokensOf(await bench.logits()), folded);
      await merged.restore();
      assertSame("logits after restoring the base", tokensOf(await bench.logits()), base);
    },
  },
  {
    name: "can be taken out of merged weights, or says why it cannot",
    async run({ adapterCase, workbench }) {
      if (adapterCase.merges === false) return;
      const bench = await workbench();
      const placed = await bench.place(bench.values);
      const merged = merge(bench, placed);
      const before = await baseValues(bench, merged.replace.keys());
      await merged.apply();
      if (adapterCase.unmerges === false) {
        await assertThrows("taking it out", ["CONFIG_INCOMPATIBLE"], () => merge(bench, placed, true));
        return;
      }
      const unmerged = merge(bench, placed, true);
      for (const [name, original] of before) {
        assertClose(
          `"${name}" taken out again`,
          await unmerged.replace.get(name)!(),
          original,
          mergeTolerance * magnitude(original),
        );
      }
    },
  },
];

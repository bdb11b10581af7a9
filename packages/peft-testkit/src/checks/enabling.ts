import { type PlacedAdapters, placeForInference } from "@attune/peft-core";
import { tensorType } from "@attune/tensor-core";
import { assertClose, assertDiffers, assertSame, assertThrows, magnitude } from "../assertions.ts";
import { interpretTrace } from "../interpret-trace.ts";
import { logitsInputs, rowOf, rows, tokensOf, traceLogits, type Workbench } from "../workbench.ts";
import type { Check } from "./check.ts";

const pair = ["first", "first_two"] as const;

const replacesParameters = ({ adapters }: Workbench): boolean =>
  adapters.parameters.some(({ replaces }) => replaces !== undefined);

/** One adapter, several, and none, in the same model. */
export const enablingChecks: readonly Check[] = [
  {
    name: "is the base, bit for bit, while it is not active",
    async run({ workbench }) {
      const bench = await workbench();
      const placed = await bench.place(bench.values);
      const base = tokensOf(await bench.run());
      const on = tokensOf(await bench.run(bench.visit(placed)));
      assertDiffers("logits with the adapter", on, base);
      assertSame("logits with no active adapter", tokensOf(await bench.run(bench.visit(placed, { active: [] }))), base);
      assertSame(
        "logits with the adapter, after a plan without it",
        tokensOf(await bench.run(bench.visit(placed))),
        on,
      );
    },
  },
  {
    name: "takes other values without a new trace",
    async run({ workbench }) {
      const bench = await workbench();
      const placed = await bench.place();
      const program = await bench.runtime.compile((trace) => traceLogits(trace, bench.model, bench.visit(placed)));
      const before = tokensOf((await program.run(logitsInputs))["logits"]!);
      await placed.write(bench.values);
      const after = tokensOf((await program.run(logitsInputs))["logits"]!);
      assertDiffers("logits after new values", after, before);
      await placed.write(bench.initial);
      assertSame("logits with the old values", tokensOf((await program.run(logitsInputs))["logits"]!), before);
      program.dispose();
    },
  },
  {
    name: "acts beside another adapter of its kind without disturbing it",
    async run({ workbench }) {
      const bench = await workbench(pair);
      const placed = await bench.place(bench.values);
      const logits = async (active: readonly string[]): Promise<number[]> =>
        tokensOf(await bench.run(bench.visit(placed, { active })));
      const [first, second] = [await logits(["first"]), await logits(["first_two"])];
      assertDiffers("logits of two adapters", first, second);
      if (replacesParameters(bench)) {
        await assertThrows("two adapters that replace the same parameter", ["CONFIG_INCOMPATIBLE"], () => logits(pair));
      } else {
        const both = await logits(pair);
        assertDiffers("logits of both adapters and of the first", both, first);
        assertDiffers("logits of both adapters and of the second", both, second);
      }
      const alone = await workbench(["first"]);
      const own = new Map([...bench.values].filter(([name]) => name.startsWith("first/")));
      assertSame("logits of the first adapter", tokensOf(await alone.run(alone.visit(await alone.place(own)))), first);
    },
  },
  {
    name: "leaves another adapter alone when it goes",
    async run({ workbench }) {
      const bench = await workbench(pair);
      const place = (name: string): Promise<PlacedAdapters> =>
        placeForInference(bench.runtime, bench.adapters.get(name), bench.values);
      const memory = bench.runtime.memory();
      const [first, second] = [await place("first"), await place("first_two")];
      const run = async (): Promise<number[]> =>
        tokensOf(await bench.run(bench.adapters.visitors(first.placement, { active: ["first"] })));
      const before = await run();
      second.dispose();
      assertSame("logits after the other adapter was disposed", await run(), before);
      first.dispose();
      const { weights, state } = bench.runtime.memory();
      assertSame("bytes of weights and State", [weights, state], [memory.weights, memory.state]);
    },
  },
  {
    name: "can be chosen row by row",
    async run({ workbench }) {
      const bench = await workbench(pair);
      const placed = await bench.place(bench.values);
      const mixed = await interpretTrace(bench.runtime, (trace) => {
        const choice = trace.input("choice", tensorType([rows], "i32"));
        traceLogits(trace, bench.model, bench.visit(placed, { active: pair, rows: choice }));
      }).run({ ...logitsInputs, choice: [1, -1, 0] });
      const alone = [["first_two"], [], ["first"]];
      for (const [row, active] of alone.entries()) {
        const expected = rowOf(await bench.logits(bench.visit(placed, { active })), row);
        assertClose(
          `row ${row} with ${active[0] ?? "no adapter"}`,
          rowOf(mixed["logits"]!, row),
          expected,
          1e-12 * magnitude(expected),
        );
      }
    },
  },
];

import { gradients, type Trace } from "@attune/tensor-core";
import { assert, assertClose, magnitude } from "../assertions.ts";
import { interpretTrace } from "../interpret-trace.ts";
import { lossInputs, traceLoss, type Workbench, withAdapterTerms } from "../workbench.ts";
import type { Check } from "./check.ts";

/** Half the distance of two points of a finite difference: its square and 2^-52 over it are both far below the tolerance. */
const halfStep = 1e-4;
const tolerance = 1e-6;
/** Elements that are compared in each parameter. */
const probes = 3;

type Build = (trace: Trace) => void;

async function prepare(
  bench: Workbench,
  recompute: boolean,
): Promise<{ build: Build; weights: ReadonlyMap<string, string> }> {
  const placed = await bench.place(bench.values);
  const trained = bench.adapters.parameters.filter(({ role }) => role === "trained");
  const weights = new Map(
    trained.map(({ name }) => {
      const place = placed.placement.get(name)!;
      return [name, place.kind === "weight" ? place.name : ""] as const;
    }),
  );
  const build: Build = (trace) => {
    const total = withAdapterTerms(
      traceLoss(trace, bench.model, bench.visit(placed), recompute),
      bench.adapters,
      trace,
      placed,
    );
    trace.output("total", total);
    const leaves = trained.map(({ name }) => trace.weight(weights.get(name)!, placed.placement.get(name)!.type));
    gradients(total, leaves).forEach((gradient, index) => {
      trace.output(`gradient ${trained[index]!.name}`, gradient);
    });
  };
  return { build, weights };
}

/** Gradients in float64. */
export const gradientChecks: readonly Check[] = [
  {
    name: "has the gradients that finite differences have",
    async run({ workbench }) {
      const bench = await workbench();
      const { build, weights } = await prepare(bench, false);
      const traced = interpretTrace(bench.runtime, build);
      await traced.holdConstants(lossInputs);
      const exact = await traced.run(lossInputs);
      for (const [name, weight] of weights) {
        const gradient = exact[`gradient ${name}`]!;
        for (const element of probedElements(gradient)) {
          const at = async (offset: number): Promise<number> => {
            const moved = Float64Array.from(bench.values.get(name)!);
            moved[element]! += offset;
            return (await traced.run(lossInputs, new Map([[`weight:${weight}`, moved]])))["total"]![0]!;
          };
          const measured = ((await at(halfStep)) - (await at(-halfStep))) / (2 * halfStep);
          const allowed = tolerance * (1 + magnitude(gradient));
          assertClose(`gradient of "${name}" at element ${element}`, [gradient[element]!], [measured], allowed);
        }
      }
    },
  },
  {
    name: "reaches every trained parameter with a gradient",
    async run({ workbench }) {
      const bench = await workbench();
      const { build, weights } = await prepare(bench, false);
      const exact = await interpretTrace(bench.runtime, build).run(lossInputs);
      for (const name of weights.keys())
        assert(magnitude(exact[`gradient ${name}`]!) > 0, `The gradient of "${name}" is zero.`);
    },
  },
  {
    name: "has the same gradients with activations computed again",
    async run({ workbench }) {
      const [stored, again] = [await workbench(), await workbench()];
      const first = await interpretTrace(stored.runtime, (await prepare(stored, false)).build).run(lossInputs);
      const second = await interpretTrace(again.runtime, (await prepare(again, true)).build).run(lossInputs);
      for (const [name, values] of Object.entries(first))
        assertClose(name, second[name]!, values, 1e-12 * (1 + magnitude(values)));
    },
  },
];

/** The largest element, and others spread over the tensor. */
function probedElements(gradient: Float64Array): number[] {
  const largest = gradient.reduce(
    (best, value, index) => (Math.abs(value) > Math.abs(gradient[best]!) ? index : best),
    0,
  );
  const others = Array.from({ length: probes - 1 }, (_, index) => Math.floor(((index + 1) * gradient.length) / probes));
  return [...new Set([largest, ...others])];
}

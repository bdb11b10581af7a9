// Runs a traced function on the float64 interpreter and on the strict backend, and compares the two. A probe that needs the core to
// know about it shows that the core is wrong.
import { createStrictBackend } from "@attune/tensor-conformance";
import { createRuntime, type HostValues, interpretGraph, type TensorType, Trace } from "@attune/tensor-core";

/** Values of one run. */
export interface ProbeValues {
  readonly weights?: Readonly<
    Record<string, { type: TensorType; values?: ArrayLike<number>; components?: readonly Uint8Array[] }>
  >;
  readonly states?: Readonly<Record<string, ArrayLike<number>>>;
  readonly inputs?: readonly Readonly<Record<string, ArrayLike<number>>>[];
}

/** Outputs of each run, and the States after the last. */
export interface ProbeResult {
  readonly outputs: readonly Readonly<Record<string, readonly number[]>>[];
  readonly states: Readonly<Record<string, readonly number[]>>;
}

/** One plan after the other, sharing weights and State; `inputs[i]` is given to `builds[i]`. */
export async function runBoth(
  builds: readonly ((trace: Trace) => void)[],
  values: ProbeValues,
): Promise<{ exact: ProbeResult; strict: ProbeResult }> {
  return { exact: runExact(builds, values), strict: await runStrict(builds, values) };
}

function runExact(
  builds: readonly ((trace: Trace) => void)[],
  { weights = {}, states = {}, inputs = [] }: ProbeValues,
): ProbeResult {
  const held = new Map(Object.entries(states).map(([name, initial]) => [name, Float64Array.from(initial)]));
  const outputs = builds.map((build, index) => {
    const trace = new Trace();
    build(trace);
    const graph = trace.finish();
    const results = interpretGraph(graph, ({ leaf, type }) => {
      const size = type.shape.reduce((a, b) => a * b, 1);
      if (leaf!.kind === "input") return Float64Array.from(inputs[index]![leaf!.name]!);
      if (leaf!.kind === "state") return held.get(leaf!.region)!.slice(leaf!.offset, leaf!.offset + size);
      const { components, values: given } = weights[leaf!.name]!;
      return components ? type.format.decode(components, type.shape) : Float64Array.from(given!);
    });
    for (const { state, value } of graph.effects) {
      const leaf = graph.values[state]!.leaf as { region: string; offset: number };
      held.get(leaf.region)!.set(results.get(value)!, leaf.offset);
    }
    return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, [...results.get(value)!]]));
  });
  return { outputs, states: Object.fromEntries([...held].map(([name, final]) => [name, [...final]])) };
}

async function runStrict(
  builds: readonly ((trace: Trace) => void)[],
  { weights = {}, states = {}, inputs = [] }: ProbeValues,
): Promise<ProbeResult> {
  const runtime = createRuntime({ backend: createStrictBackend() });
  try {
    for (const [name, { type, values, components }] of Object.entries(weights)) {
      if (components) await runtime.weights.put(name, type, components);
      else await runtime.weights.set(name, type, values!);
    }
    for (const [name, initial] of Object.entries(states)) {
      await runtime.states.allocate(name, initial.length);
      await runtime.states.write(name, Float32Array.from(initial));
    }
    const outputs: Record<string, number[]>[] = [];
    for (const [index, build] of builds.entries()) {
      const program = await runtime.compile(build);
      outputs.push(toArrays(await program.run(inputs[index] ?? {})));
      program.dispose();
    }
    const final: Record<string, number[]> = {};
    for (const name of Object.keys(states)) final[name] = [...(await runtime.states.read(name))];
    return { outputs, states: final };
  } finally {
    await runtime.dispose();
  }
}

function toArrays(values: Record<string, HostValues>): Record<string, number[]> {
  return Object.fromEntries(Object.entries(values).map(([name, array]) => [name, [...array]]));
}

/** Largest difference between two results, relative to the largest value. */
export function largestDifference(left: ProbeResult, right: ProbeResult): number {
  const pairs = [
    ...left.outputs.flatMap((outputs, index) =>
      Object.entries(outputs).map(([name, values]) => [values, right.outputs[index]![name]!] as const),
    ),
    ...Object.entries(left.states).map(([name, values]) => [values, right.states[name]!] as const),
  ];
  let largest = 0;
  for (const [a, b] of pairs) {
    const scale = Math.max(1e-30, ...a.map((value) => Math.abs(value)).filter(Number.isFinite));
    a.forEach((value, index) => {
      if (!Object.is(value, b[index]!) && !(Number.isNaN(value) && Number.isNaN(b[index]!)))
        largest = Math.max(largest, Math.abs(value - b[index]!) / scale);
    });
  }
  return largest;
}

import { interpretGraph, type Runtime, Trace } from "@attune/tensor-core";

/** Values that take the place of what is in the runtime, by placement: `weight:<name>` or `state:<region>:<offset>`. */
export type LeafOverrides = ReadonlyMap<string, ArrayLike<number>>;

/**
 * Runs a traced function on the float64 interpreter with the weights and State of a runtime, without its backend and without
 * updating State. What is not rounded on the way is exact to float64, so finite differences mean something.
 */
export async function interpretTrace(
  runtime: Runtime,
  build: (trace: Trace) => void,
  inputs: Readonly<Record<string, ArrayLike<number>>> = {},
  overrides: LeafOverrides = new Map(),
): Promise<Record<string, Float64Array>> {
  const trace = new Trace();
  build(trace);
  const graph = trace.finish();
  const leaves = new Map<number, Float64Array>();
  for (const { id, leaf, type } of graph.values) {
    if (leaf === undefined) continue;
    const elements = type.shape.reduce((product, size) => product * size, 1);
    if (leaf.kind === "input") leaves.set(id, Float64Array.from(inputs[leaf.name]!));
    else if (leaf.kind === "weight") {
      const given = overrides.get(`weight:${leaf.name}`);
      leaves.set(
        id,
        given ? Float64Array.from(given) : type.format.decode(await runtime.weights.read(leaf.name), type.shape),
      );
    } else {
      const given = overrides.get(`state:${leaf.region}:${leaf.offset}`);
      leaves.set(id, Float64Array.from(given ?? (await runtime.states.read(leaf.region, leaf.offset, elements))));
    }
  }
  const values = interpretGraph(graph, ({ id }) => leaves.get(id)!);
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value) ?? leaves.get(value)!]));
}

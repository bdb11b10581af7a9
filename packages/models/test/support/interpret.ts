import { createRuntime, interpretGraph, type Runtime, Trace } from "@attune/tensor-core";
import { memoryBackend } from "./memory-backend.ts";

/** A runtime whose functions are run with `interpret`. */
export function memoryRuntime(): Runtime {
  return createRuntime({ backend: memoryBackend() });
}

/** Outputs of a traced function in float64, with the parameters that are in a runtime. */
export async function interpret(
  runtime: Runtime,
  build: (trace: Trace) => void,
  inputs: Readonly<Record<string, ArrayLike<number>>> = {},
): Promise<Record<string, Float64Array>> {
  const trace = new Trace();
  build(trace);
  const graph = trace.finish();
  const leaves = new Map<number, Float64Array>();
  for (const { id, leaf, type } of graph.values) {
    if (leaf?.kind === "input") leaves.set(id, Float64Array.from(inputs[leaf.name]!));
    if (leaf?.kind === "weight") leaves.set(id, type.format.decode(await runtime.weights.read(leaf.name), type.shape));
    if (leaf?.kind === "state") {
      const elements = type.shape.reduce((product, size) => product * size, 1);
      leaves.set(id, Float64Array.from(await runtime.states.read(leaf.region, leaf.offset, elements)));
    }
  }
  const values = interpretGraph(graph, ({ id }) => leaves.get(id)!);
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value) ?? leaves.get(value)!]));
}

import { type Graph, interpretGraph, type Runtime, Trace, type Value, type ValueId } from "@attune/tensor-core";

/** Values that take the place of what is in the runtime: `weight:<name>` or `state:<region>:<offset>`. */
export type LeafOverrides = ReadonlyMap<string, ArrayLike<number>>;

/** A traced function on the float64 interpreter, with the weights and State of a runtime. */
export interface InterpretedFunction {
  /** Outputs by name. Nothing is rounded on the way, and State is not updated. */
  run(
    inputs?: Readonly<Record<string, ArrayLike<number>>>,
    overrides?: LeafOverrides,
  ): Promise<Record<string, Float64Array>>;
  /**
   * Keeps the values that `stopGradient` has in a run with these inputs. Later runs take them as constants, as gradients do, so
   * that finite differences measure what a gradient says.
   */
  holdConstants(inputs?: Readonly<Record<string, ArrayLike<number>>>, overrides?: LeafOverrides): Promise<void>;
}

/** Traces a function once, to be run again and again. */
export function interpretTrace(runtime: Runtime, build: (trace: Trace) => void): InterpretedFunction {
  const trace = new Trace();
  build(trace);
  const graph = trace.finish();
  const held = new Map<ValueId, Float64Array>();
  const evaluate = async (
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    overrides: LeafOverrides,
  ): Promise<ReadonlyMap<ValueId, Float64Array>> => {
    const leaves = new Map(held);
    for (const value of graph.values)
      if (value.leaf) leaves.set(value.id, await leafValues(runtime, value, inputs, overrides));
    const nodes = graph.nodes.filter(({ outputs }) => !outputs.some((output) => held.has(output)));
    const made = interpretGraph({ values: graph.values, nodes }, ({ id }) => leaves.get(id)!);
    return new Map([...leaves, ...made]);
  };
  return {
    async run(inputs = {}, overrides = new Map()) {
      const values = await evaluate(inputs, overrides);
      return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value)!]));
    },
    async holdConstants(inputs = {}, overrides = new Map()) {
      held.clear();
      const values = await evaluate(inputs, overrides);
      for (const id of stoppedValues(graph)) held.set(id, values.get(id)!);
    },
  };
}

function stoppedValues(graph: Graph): ValueId[] {
  return graph.nodes.filter(({ op }) => op.id === "stopGradient").flatMap(({ outputs }) => outputs);
}

async function leafValues(
  runtime: Runtime,
  { leaf, type }: Value,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  overrides: LeafOverrides,
): Promise<Float64Array> {
  const elements = type.shape.reduce((product, size) => product * size, 1);
  if (leaf!.kind === "input") return Float64Array.from(inputs[leaf!.name]!);
  if (leaf!.kind === "weight") {
    const given = overrides.get(`weight:${leaf!.name}`);
    return given ? Float64Array.from(given) : type.format.decode(await runtime.weights.read(leaf!.name), type.shape);
  }
  const { region, offset } = leaf!;
  return Float64Array.from(
    overrides.get(`state:${region}:${offset}`) ?? (await runtime.states.read(region, offset, elements)),
  );
}

import type { Graph, ValueId } from "../graph/graph.ts";

/** Replaces values wherever they are read, observed or written to State. */
export function renameValues(graph: Graph, renamed: ReadonlyMap<ValueId, ValueId>): Graph {
  if (renamed.size === 0) return graph;
  const resolve = (id: ValueId): ValueId => {
    let current = id;
    for (let next = renamed.get(current); next !== undefined; next = renamed.get(current)) current = next;
    return current;
  };
  return {
    values: graph.values,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(resolve) })),
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: resolve(value) })),
    effects: graph.effects.map(({ state, value }) => ({ state, value: resolve(value) })),
  };
}

// The float64 interpreter: what a graph means, exactly. Conformance and `check()` compare backends with it.

import type { Graph, GraphNode, Value, ValueId } from "../graph/graph.ts";
import { decompose } from "../passes/expand-composites.ts";

/** Float64 values of every value of a graph, leaves given by `leafValues` (the old value for State). */
export function interpretGraph(
  graph: Pick<Graph, "values" | "nodes">,
  leafValues: (leaf: Value) => Float64Array,
): ReadonlyMap<ValueId, Float64Array> {
  const results = new Map<ValueId, Float64Array>();
  const lookUp = (id: ValueId): Float64Array => {
    const known = results.get(id);
    if (known !== undefined) return known;
    const made = leafValues(graph.values[id]!);
    results.set(id, made);
    return made;
  };
  for (const node of graph.nodes) {
    const outputs = interpretNode(node, graph.values, node.inputs.map(lookUp));
    node.outputs.forEach((output, index) => {
      results.set(output, outputs[index]!);
    });
  }
  return results;
}

/** Float64 outputs of one node. */
export function interpretNode(
  node: Omit<GraphNode, "recompute">,
  values: readonly Value[],
  inputs: readonly Float64Array[],
): readonly Float64Array[] {
  if (node.op.reference) {
    return node.op.reference(inputs, {
      attributes: node.attributes,
      inputTypes: node.inputs.map((id) => values[id]!.type),
      outputTypes: node.outputs.map((id) => values[id]!.type),
    });
  }
  const { inner, inputs: ids, outputs } = decompose(node, values, "float64 interpreter");
  const given = new Map(ids.map((id, index) => [id, inputs[index]!]));
  const results = interpretGraph(inner, (leaf) => given.get(leaf.id)!);
  return outputs.map((id) => results.get(id) ?? given.get(id)!);
}

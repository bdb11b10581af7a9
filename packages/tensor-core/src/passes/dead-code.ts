import { type Graph, observedValues } from "../graph/graph.ts";

/** Removes nodes that no output and no State update needs. */
export function eliminateDeadCode(graph: Graph): Graph {
  const live = observedValues(graph);
  const kept = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => live.has(output))) return false;
    for (const input of node.inputs) live.add(input);
    return true;
  });
  return { ...graph, nodes: kept.reverse() };
}

import { type Graph, type GraphNode, producers, type Value } from "../graph/graph.ts";
import { copyNode, type IsView } from "./effects.ts";

/**
 * Gives every output a node that writes it straight to staging: its own where that node makes nothing else of it (no view, no
 * State, no second output name), else a copy.
 */
export function placeOutputs(graph: Graph, isView: IsView): Graph {
  const producer = producers(graph);
  const values: Value[] = [...graph.values];
  const copies: GraphNode[] = [];
  const taken = new Set(graph.effects.map((effect) => effect.value));
  const viewed = new Set(graph.nodes.filter((node) => isView(node, values)).flatMap((node) => node.inputs));
  const outputs = graph.outputs.map(({ name, value }) => {
    const maker = producer.get(value);
    if (maker !== undefined && !isView(maker, values) && !taken.has(value) && !viewed.has(value)) {
      taken.add(value);
      return { name, value };
    }
    const copy = copyNode(values, value);
    copies.push(copy);
    return { name, value: copy.outputs[0]! };
  });
  return { ...graph, values, nodes: [...graph.nodes, ...copies], outputs };
}

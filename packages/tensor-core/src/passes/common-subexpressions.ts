import type { Graph, GraphNode, ValueId } from "../graph/graph.ts";
import { attributesKey } from "../op-def/attributes-key.ts";
import { renameValues } from "./rename-values.ts";

/**
 * Computes equal applications of an op once. Never run after the recompute pass, which duplicates on purpose.
 */
export function eliminateCommonSubexpressions(graph: Graph): Graph {
  const known = new Map<string, GraphNode>();
  const renamed = new Map<ValueId, ValueId>();
  const kept: GraphNode[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => renamed.get(input) ?? input);
    const twin = node.op.pure === false ? undefined : known.get(keyOf(node, inputs));
    if (twin === undefined) {
      known.set(keyOf(node, inputs), node);
      kept.push(node);
    } else {
      node.outputs.forEach((output, position) => {
        renamed.set(output, twin.outputs[position]!);
      });
    }
  }
  return renameValues({ ...graph, nodes: kept }, renamed);
}

function keyOf(node: GraphNode, inputs: readonly ValueId[]): string {
  return `${node.op.id}|${inputs.join(",")}|${attributesKey(node.attributes)}`;
}

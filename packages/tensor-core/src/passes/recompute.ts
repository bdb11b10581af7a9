// Recomputation of marked regions (activation checkpointing): the backward pass reads copies of a region's inner values,
// computed again from the region's inputs just before their first use. Chen et al., Training Deep Nets with Sublinear
// Memory Cost, arXiv 1604.06174. Outputs of ops that are dear to repeat (attention) are kept.
import { type Graph, type GraphNode, producers, type Value, type ValueId } from "../graph/graph.ts";

/** Ops whose outputs are kept although their region is recomputed. */
const keptOps: ReadonlySet<string> = new Set(["attention"]);

/** Replaces what backward nodes read from inside marked regions by recomputed copies. */
export function recomputeRegions(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.recompute !== undefined)) return graph;
  const producer = producers(graph);
  const values: Value[] = [...graph.values];
  const nodes: GraphNode[] = [];
  const copies = new Map<ValueId, ValueId>();
  const boundary = regionOutputs(graph);

  const copyOf = (id: ValueId): ValueId => {
    const known = copies.get(id);
    if (known !== undefined) return known;
    const source = producer.get(id);
    if (source?.recompute === undefined || keptOps.has(source.op.id) || boundary.has(id)) return id;
    const inputs = source.inputs.map(copyOf);
    const outputs = source.outputs.map((output) => {
      const copy = values.length;
      values.push({ id: copy, type: graph.values[output]!.type });
      copies.set(output, copy);
      return copy;
    });
    const { recompute: _, ...rest } = source;
    nodes.push({ ...rest, inputs, outputs, backward: true });
    return copies.get(id)!;
  };

  for (const node of graph.nodes) {
    const inputs = node.backward ? node.inputs.map(copyOf) : node.inputs;
    nodes.push({ ...node, inputs });
  }
  return { ...graph, values, nodes };
}

/** Values of a region that forward nodes outside it read, or that the outside sees: they exist anyway. */
function regionOutputs(graph: Graph): Set<ValueId> {
  const region = new Map<ValueId, number>();
  for (const node of graph.nodes) {
    if (node.recompute !== undefined) for (const output of node.outputs) region.set(output, node.recompute);
  }
  const outside = new Set<ValueId>([...graph.outputs, ...graph.effects].map(({ value }) => value));
  for (const node of graph.nodes) {
    if (node.backward) continue;
    for (const input of node.inputs) if (region.has(input) && region.get(input) !== node.recompute) outside.add(input);
  }
  return outside;
}

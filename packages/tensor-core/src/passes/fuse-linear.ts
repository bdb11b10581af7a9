// Epilogue fusion: `linear` followed by an addition or an activation that alone reads it does both while its tile is hot.
import { consumers, type Graph, type GraphNode, observedValues, type Value } from "../graph/graph.ts";
import { activationExpressions } from "../ops/pointwise/activations.ts";
import { sameShape } from "../type/tensor-type.ts";
import { expressionOf, isAddition } from "./match-pointwise.ts";

/** True where the backend has a kernel for a node. */
type Runs = (node: GraphNode, values: readonly Value[]) => boolean;

/** Fuses activations, then residual additions, into the products they follow, where a kernel takes the fused product. */
export function fuseLinear(graph: Graph, runs: Runs): Graph {
  return fuse(fuse(graph, activationOf, runs), residualOf, runs);
}

/** Gives the fused node for a product and its single reader, undefined where they do not match. */
type Match = (graph: Graph, product: GraphNode, reader: GraphNode) => GraphNode | undefined;

function fuse(graph: Graph, match: Match, runs: Runs): Graph {
  const readers = consumers(graph);
  const observed = observedValues(graph);
  const replaced = new Map<GraphNode, GraphNode | undefined>();
  for (const node of graph.nodes) {
    if (node.op.id !== "linear" || observed.has(node.outputs[0]!)) continue;
    const [reader, ...others] = readers.get(node.outputs[0]!) ?? [];
    if (reader === undefined || others.length > 0 || replaced.has(reader)) continue;
    const fused = match(graph, node, reader);
    if (fused === undefined || !runs(fused, graph.values)) continue;
    replaced.set(node, undefined);
    replaced.set(reader, fused);
  }
  const nodes = graph.nodes.flatMap((node) => {
    if (!replaced.has(node)) return [node];
    const fused = replaced.get(node);
    return fused === undefined ? [] : [fused];
  });
  return { ...graph, nodes };
}

function activationOf(_: Graph, product: GraphNode, reader: GraphNode): GraphNode | undefined {
  if (product.attributes["residual"] || product.attributes["activation"] !== "" || reader.inputs.length !== 1)
    return undefined;
  const expression = JSON.stringify(expressionOf(reader));
  const name = Object.keys(activationExpressions).find(
    (id) => JSON.stringify(activationExpressions[id]) === expression,
  );
  if (name === undefined) return undefined;
  return { ...product, outputs: reader.outputs, attributes: { ...product.attributes, activation: name } };
}

function residualOf(graph: Graph, product: GraphNode, reader: GraphNode): GraphNode | undefined {
  const [made] = product.outputs;
  if (product.attributes["residual"] || !isAddition(reader) || reader.inputs[0] === reader.inputs[1]) return undefined;
  const other = reader.inputs.find((id) => id !== made)!;
  const shape = graph.values[made!]!.type.shape;
  if (
    !sameShape(graph.values[other]!.type.shape, shape) ||
    !sameShape(graph.values[reader.outputs[0]!]!.type.shape, shape)
  )
    return undefined;
  return {
    ...product,
    inputs: [...product.inputs, other],
    outputs: reader.outputs,
    backward: reader.backward,
    attributes: { ...product.attributes, residual: true },
  };
}

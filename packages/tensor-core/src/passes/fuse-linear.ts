// Epilogue fusion: `linear` followed by an addition or an activation that alone reads it does both while its tile is hot.
import {
  consumers,
  type Graph,
  type GraphNode,
  observedValues,
  producers,
  type Value,
  type ValueId,
} from "../graph/graph.ts";
import type { ScalarExpression } from "../op-def/scalar-expression.ts";
import { activationExpressions, scaleActivation } from "../ops/pointwise/activations.ts";
import { sameShape } from "../type/tensor-type.ts";
import { expressionOf, isAddition } from "./match-pointwise.ts";

/** True where the backend has a kernel for a node. */
type Runs = (node: GraphNode, values: readonly Value[]) => boolean;

/**
 * Fuses activations, then residual additions, into the products they follow, where a kernel takes the fused product. A second addition
 * goes into the product that the first one took: c + (y + z) = y + (z + c), where z is a product too, as of an adapter.
 */
export function fuseLinear(graph: Graph, runs: Runs): Graph {
  return passResiduals(fuse(fuse(graph, activationOf, runs), residualOf, runs), runs);
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
  const name = activationName(expressionOf(reader));
  if (name === undefined) return undefined;
  return { ...product, outputs: reader.outputs, attributes: { ...product.attributes, activation: name } };
}

function activationName(expression: ScalarExpression | undefined): string | undefined {
  if (expression === undefined) return undefined;
  const key = JSON.stringify(expression);
  const name = Object.keys(activationExpressions).find((id) => JSON.stringify(activationExpressions[id]) === key);
  if (name !== undefined || expression.kind !== "call" || expression.name !== "mul") return name;
  const factor = expression.arguments.find((part) => part.kind === "constant")?.value;
  return factor !== undefined && expression.arguments.some((part) => part.kind === "input")
    ? scaleActivation(factor)
    : undefined;
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

/** See `fuseLinear`. The product that takes the second addition must come after what is added. */
function passResiduals(graph: Graph, runs: Runs): Graph {
  const readers = consumers(graph);
  const observed = observedValues(graph);
  const makers = producers(graph);
  const order = new Map(graph.nodes.map((node, index) => [node, index]));
  const replaced = new Map<GraphNode, GraphNode | undefined>();
  const alone = (id: ValueId): GraphNode | undefined => {
    const [reader, ...others] = readers.get(id) ?? [];
    return others.length > 0 || observed.has(id) ? undefined : reader;
  };
  for (const outer of graph.nodes) {
    const [made] = outer.outputs;
    if (outer.op.id !== "linear" || outer.attributes["residual"] !== true || replaced.has(outer)) continue;
    const inner = makers.get(outer.inputs.at(-1)!);
    const reader = alone(made!);
    if (inner?.op.id !== "linear" || replaced.has(inner) || alone(inner.outputs[0]!) !== outer) continue;
    const taken = reader && residualOf(graph, { ...inner, outputs: [made!] }, reader);
    const added = taken?.inputs.at(-1);
    if (added === undefined || !comesBefore(makers.get(added), inner, order)) continue;
    const passed = { ...taken!, outputs: inner.outputs, backward: inner.backward };
    if (!runs(passed, graph.values)) continue;
    replaced.set(inner, passed);
    replaced.set(outer, undefined);
    replaced.set(reader!, { ...outer, outputs: reader!.outputs, backward: reader!.backward });
  }
  return {
    ...graph,
    nodes: graph.nodes.flatMap((node) => (replaced.has(node) ? (replaced.get(node) ?? []) : [node])),
  };
}

function comesBefore(maker: GraphNode | undefined, node: GraphNode, order: ReadonlyMap<GraphNode, number>): boolean {
  return maker === undefined || order.get(maker)! < order.get(node)!;
}

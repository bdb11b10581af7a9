// Pointwise fusion: a pointwise node whose only reader is a pointwise node of the same shape becomes part of its expression,
// so that the intermediate value is never written to memory.
import { consumers, type Graph, type GraphNode, observedValues, producers, type ValueId } from "../graph/graph.ts";
import type { Attributes } from "../op/op-def.ts";
import { expressionSize, input, type ScalarExpression, substitute } from "../op/scalar-expression.ts";
import { sameShape } from "../type/tensor-type.ts";

/** Larger expressions spill registers and gain nothing. */
const maxExpressionSize = 48;

/** What a pointwise node computes; see ops/pointwise.ts. */
interface PointwiseAttributes {
  readonly expressions: readonly ScalarExpression[];
}

/**
 * Fuses chains of pointwise nodes.
 *
 * @param maxInputs - operands that one dispatch may read, from the backend's binding limit
 */
export function fusePointwise(graph: Graph, maxInputs: number): Graph {
  const producer = producers(graph);
  const readers = consumers(graph);
  const observed = observedValues(graph);
  const absorbed = new Set<GraphNode>();
  const current = new Map<GraphNode, GraphNode>();
  const nodes: GraphNode[] = [];
  for (const original of graph.nodes) {
    let node = original;
    if (node.op.id === "pointwise") {
      for (const value of original.inputs) {
        const source = producer.get(value);
        if (source === undefined || !canAbsorb(graph, source, original, value, readers, observed)) continue;
        const merged = absorb(node, current.get(source) ?? source, value, maxInputs);
        if (merged === undefined) continue;
        absorbed.add(source);
        node = merged;
      }
    }
    current.set(original, node);
    nodes.push(original);
  }
  return { ...graph, nodes: nodes.filter((node) => !absorbed.has(node)).map((node) => current.get(node)!) };
}

function canAbsorb(
  graph: Graph,
  source: GraphNode,
  reader: GraphNode,
  value: ValueId,
  readers: ReadonlyMap<ValueId, readonly GraphNode[]>,
  observed: ReadonlySet<ValueId>,
): boolean {
  return (
    source.op.id === "pointwise" &&
    source.outputs.length === 1 &&
    readers.get(value)?.length === 1 &&
    !observed.has(value) &&
    graph.values[value]!.type.dtype === "f32" &&
    sameShape(graph.values[value]!.type.shape, graph.values[reader.outputs[0]!]!.type.shape)
  );
}

/** The reader with the source's expression in place of `value`, undefined where the limits forbid it. */
function absorb(reader: GraphNode, source: GraphNode, value: ValueId, maxInputs: number): GraphNode | undefined {
  const inputs = [...new Set([...reader.inputs.filter((id) => id !== value), ...source.inputs])];
  if (inputs.length > maxInputs) return undefined;
  const place = (id: ValueId): ScalarExpression => input(inputs.indexOf(id));
  const [inner] = (source.attributes as unknown as PointwiseAttributes).expressions;
  const innerPlaced = substitute(inner!, source.inputs.map(place));
  const expressions = (reader.attributes as unknown as PointwiseAttributes).expressions.map((expression) =>
    substitute(
      expression,
      reader.inputs.map((id) => (id === value ? innerPlaced : place(id))),
    ),
  );
  if (expressions.some((expression) => expressionSize(expression) > maxExpressionSize)) return undefined;
  return { ...reader, inputs, attributes: { ...reader.attributes, expressions } as unknown as Attributes };
}

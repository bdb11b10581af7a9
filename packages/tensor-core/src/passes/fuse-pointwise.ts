// Pointwise fusion: a pointwise node that only pointwise nodes of the same shape read becomes part of their expressions, so that
// the intermediate value is never written to memory. Short expressions are computed again in each of several readers: that is
// cheaper than a trip through memory, and the backward pass then keeps one value less.
import { consumers, type Graph, type GraphNode, observedValues, producers, type ValueId } from "../graph/graph.ts";
import type { Attributes } from "../op-def/op-def.ts";
import { expressionSize, input, type ScalarExpression, substitute } from "../op-def/scalar-expression.ts";
import { sameShape } from "../type/tensor-type.ts";

/** Larger expressions spill registers and gain nothing. */
const maxExpressionSize = 48;

/** Longer expressions are not repeated. */
const maxRepeatedSize = 8;

/** Readers that a repeated expression may have. */
const maxRepeats = 3;

/** What a pointwise node computes; see ops/pointwise/pointwise.ts. */
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
  const current = new Map<GraphNode, GraphNode>();
  const remaining = new Map<GraphNode, number>();
  for (const original of graph.nodes) {
    let node = original;
    for (const value of original.op.id === "pointwise" ? new Set(original.inputs) : []) {
      const source = producer.get(value);
      const others = readers.get(value)!;
      if (source === undefined || observed.has(value) || !isAbsorbable(graph, source, value, others)) continue;
      const merged = absorb(node, current.get(source)!, value, maxInputs, others.length);
      if (merged === undefined) continue;
      node = merged;
      remaining.set(source, (remaining.get(source) ?? others.length) - 1);
    }
    current.set(original, node);
  }
  const nodes = graph.nodes.filter((node) => remaining.get(node) !== 0).map((node) => current.get(node)!);
  return { ...graph, nodes };
}

/** True if every reader of a pointwise value is pointwise in the same shape, and they are few. */
function isAbsorbable(graph: Graph, source: GraphNode, value: ValueId, readers: readonly GraphNode[]): boolean {
  const { shape, dtype } = graph.values[value]!.type;
  return (
    source.op.id === "pointwise" &&
    source.outputs.length === 1 &&
    dtype === "f32" &&
    readers.length <= maxRepeats &&
    readers.every((node) => node.op.id === "pointwise" && sameShape(shape, graph.values[node.outputs[0]!]!.type.shape))
  );
}

/** The reader with the source's expression in place of `value`, undefined where the limits forbid it. */
function absorb(
  reader: GraphNode,
  source: GraphNode,
  value: ValueId,
  maxInputs: number,
  repeats: number,
): GraphNode | undefined {
  const inputs = [...new Set([...reader.inputs.filter((id) => id !== value), ...source.inputs])];
  if (inputs.length > maxInputs) return undefined;
  const place = (id: ValueId): ScalarExpression => input(inputs.indexOf(id));
  const [inner] = (source.attributes as unknown as PointwiseAttributes).expressions;
  if (repeats > 1 && expressionSize(inner!) > maxRepeatedSize) return undefined;
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

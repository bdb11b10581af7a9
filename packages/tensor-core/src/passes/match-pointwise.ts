// What passes ask of pointwise nodes.
import type { GraphNode } from "../graph/graph.ts";
import { call, input, type ScalarExpression } from "../op-def/scalar-expression.ts";

/** The expression of a pointwise node that has one. */
export function expressionOf(node: GraphNode): ScalarExpression | undefined {
  const expressions = node.attributes["expressions"] as unknown as readonly ScalarExpression[] | undefined;
  return node.op.id === "pointwise" && expressions?.length === 1 ? expressions[0] : undefined;
}

const addition = JSON.stringify(call("add", input(0), input(1)));

/** Whether a node adds its two operands. */
export function isAddition(node: GraphNode): boolean {
  return node.inputs.length === 2 && JSON.stringify(expressionOf(node)) === addition;
}

// Reverse-mode differentiation, source to source: the backward pass is recorded in the trace of the forward pass, so that it
// is planned, fused and replayed like it. Only paths that lead to a wanted tensor are followed: frozen parameters cost nothing.
//   cotangent(input) = Σ over consumers of vjp(cotangent(output)); Griewank and Walther, Evaluating Derivatives, 3.2.
import { AttuneError } from "@attune/spec";
import type { GraphNode, ValueId } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Trace, traceOf } from "../graph/trace.ts";
import { add } from "../ops/elementwise.ts";
import { fill } from "../ops/fill.ts";
import { elementCount } from "../type/tensor-type.ts";

/**
 * Gradients of a scalar with respect to tensors of the same trace, in their order and shapes.
 *
 * @param loss - one element
 * @throws AttuneError `INPUT_INVALID` if the loss does not depend on one of them, `SHAPE_MISMATCH` if it is not a scalar
 */
export function gradients(loss: Tensor, wanted: readonly Tensor[]): Tensor[] {
  if (elementCount(loss.shape) !== 1) {
    throw new AttuneError("SHAPE_MISMATCH", `Expected a loss of one element, got [${loss.shape.join(", ")}].`);
  }
  const trace = traceOf(loss);
  const seed = trace.asBackward("", () => fill(trace, 1, loss.shape));
  const cotangents = new Map<ValueId, Tensor>([[loss.id, seed]]);
  propagate(trace, trace.nodes.slice(), cotangents, dependents(trace.nodes, wanted));
  return wanted.map((tensor) => {
    const gradient = cotangents.get(tensor.id);
    if (gradient === undefined) {
      throw new AttuneError(
        "INPUT_INVALID",
        `The loss does not depend on a tensor of shape [${tensor.shape.join(", ")}] whose gradient was asked for.`,
        {
          hint: "Check that the parameter takes part in the forward pass and is not behind stopGradient.",
        },
      );
    }
    return gradient;
  });
}

/** Values that depend on one of the wanted tensors. */
function dependents(nodes: readonly GraphNode[], wanted: readonly Tensor[]): Set<ValueId> {
  const reached = new Set(wanted.map((tensor) => tensor.id));
  for (const node of nodes) {
    if (node.inputs.some((input) => reached.has(input))) for (const output of node.outputs) reached.add(output);
  }
  return reached;
}

function propagate(
  trace: Trace,
  nodes: readonly GraphNode[],
  cotangents: Map<ValueId, Tensor>,
  reached: ReadonlySet<ValueId>,
): void {
  for (const node of nodes.toReversed()) {
    const needed = node.inputs.map((input) => reached.has(input));
    if (!needed.includes(true) || !node.outputs.some((output) => cotangents.has(output))) continue;
    trace.asBackward(node.scope, () => {
      if (node.op.vjp) applyVjp(trace, node, needed, cotangents);
      else differentiateDecomposition(trace, node, cotangents, reached);
    });
  }
}

function applyVjp(trace: Trace, node: GraphNode, needed: readonly boolean[], cotangents: Map<ValueId, Tensor>): void {
  const parts = node.op.vjp!({
    inputs: node.inputs.map((id) => trace.tensor(id)),
    outputs: node.outputs.map((id) => trace.tensor(id)),
    cotangents: node.outputs.map((id) => cotangents.get(id)),
    needed,
    attributes: node.attributes,
  });
  node.inputs.forEach((input, position) => {
    const part = parts[position];
    if (part !== undefined && needed[position]) accumulate(cotangents, input, part);
  });
}

/** An op without a vjp is differentiated through the ops it stands for. */
function differentiateDecomposition(
  trace: Trace,
  node: GraphNode,
  cotangents: Map<ValueId, Tensor>,
  reached: ReadonlySet<ValueId>,
): void {
  if (!node.op.decompose) {
    throw new AttuneError("INPUT_INVALID", `Op "${node.op.id}" has no gradient, and a parameter lies behind it.`, {
      hint: "Give the op a vjp or a decompose, or put stopGradient in front of it.",
    });
  }
  const first = trace.nodes.length;
  const outputs = node.op.decompose(
    node.inputs.map((id) => trace.tensor(id)),
    node.attributes,
  );
  const inner = trace.nodes.slice(first);
  outputs.forEach((output, position) => {
    const cotangent = cotangents.get(node.outputs[position]!);
    if (cotangent !== undefined) accumulate(cotangents, output.id, cotangent);
  });
  const innerReached = new Set(reached);
  for (const made of inner) {
    if (made.inputs.some((input) => innerReached.has(input)))
      for (const output of made.outputs) innerReached.add(output);
  }
  propagate(trace, inner, cotangents, innerReached);
}

function accumulate(cotangents: Map<ValueId, Tensor>, value: ValueId, part: Tensor): void {
  const known = cotangents.get(value);
  cotangents.set(value, known === undefined ? part : add(known, part));
}

// Reverse-mode differentiation, source to source: the backward pass is recorded in the trace of the forward pass, so that it
// is planned, fused and replayed like it. Only paths that lead to a wanted tensor are followed: frozen parameters cost nothing.
//   cotangent(input) = Σ over consumers of vjp(cotangent(output)); Griewank and Walther, Evaluating Derivatives, 3.2.
// The parts of a sum are added as they can be had: those with the shortest way from the leaves first, then in the order of the
// forward pass. So each chunk of a head can go backward, and add to the gradient of its weight, before the next goes forward.
import { AttuneError } from "@attune/spec";
import { fill } from "../ops/create/fill.ts";
import { add } from "../ops/pointwise/elementwise.ts";
import { elementCount, formatType, sameShape, type TensorType } from "../type/tensor-type.ts";
import type { GraphNode, ValueId } from "./graph.ts";
import type { Tensor } from "./tensor.ts";
import { type Trace, traceOf } from "./trace.ts";

/** What has arrived for each value so far; parts are added when somebody asks. */
interface Cotangents {
  readonly parts: Map<ValueId, Tensor[]>;
  /** Length of the longest way from a leaf to each value of the nodes traced so far; leaves are absent. */
  readonly depths: Map<ValueId, number>;
  measured: number;
}

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
  const cotangents: Cotangents = { parts: new Map([[loss.id, [seed]]]), depths: new Map(), measured: 0 };
  propagate(trace, trace.nodes.slice(), cotangents, dependents(trace.nodes, wanted));
  return wanted.map((tensor) => {
    const gradient = trace.asBackward("", () => cotangentOf(trace, cotangents, tensor.id));
    if (gradient === undefined) {
      throw new AttuneError(
        "INPUT_INVALID",
        `The loss does not depend on ${describe(trace, tensor)}, whose gradient was asked for.`,
        {
          hint: "Check that the parameter takes part in the forward pass and is not behind stopGradient.",
        },
      );
    }
    return gradient;
  });
}

/** A tensor as a message names it: leaves by what the program called them. */
function describe(trace: Trace, tensor: Tensor): string {
  const { leaf } = trace.values[tensor.id]!;
  const type = formatType(tensor.type);
  if (leaf === undefined) return `a tensor ${type}`;
  return leaf.kind === "state"
    ? `State "${leaf.region}" at ${leaf.offset}, ${type}`
    : `${leaf.kind} "${leaf.name}", ${type}`;
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
  cotangents: Cotangents,
  reached: ReadonlySet<ValueId>,
): void {
  for (const node of nodes.toReversed()) {
    const needed = node.inputs.map((input) => reached.has(input));
    if (!needed.includes(true) || !node.outputs.some((output) => cotangents.parts.has(output))) continue;
    trace.asBackward(node.scope, () => {
      if (node.op.vjp) applyVjp(trace, node, needed, cotangents);
      else differentiateDecomposition(trace, node, cotangents, reached);
    });
  }
}

function applyVjp(trace: Trace, node: GraphNode, needed: readonly boolean[], cotangents: Cotangents): void {
  const parts = node.op.vjp!({
    inputs: node.inputs.map((id) => trace.tensor(id)),
    outputs: node.outputs.map((id) => trace.tensor(id)),
    cotangents: node.outputs.map((id) => cotangentOf(trace, cotangents, id)),
    needed,
    attributes: node.attributes,
  });
  node.inputs.forEach((input, position) => {
    const part = parts[position];
    if (part === undefined || !needed[position]) return;
    assertCotangent(node, position, part, trace.values[input]!.type);
    accumulate(cotangents, input, part);
  });
}

/** A cotangent of another shape would be repeated, or added to others, as if it were right. */
function assertCotangent({ op }: GraphNode, position: number, part: Tensor, type: TensorType): void {
  if (sameShape(part.shape, type.shape)) return;
  throw new AttuneError(
    "SHAPE_MISMATCH",
    `The vjp of op "${op.id}" gives ${formatType(part.type)} as the cotangent of input ${position}, which is ${formatType(type)}.`,
    { hint: "sumTo(cotangent, input.shape) adds up what a broadcast repeated." },
  );
}

/** An op without a vjp is differentiated through the ops it stands for. */
function differentiateDecomposition(
  trace: Trace,
  node: GraphNode,
  cotangents: Cotangents,
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
    const cotangent = cotangentOf(trace, cotangents, node.outputs[position]!);
    if (cotangent !== undefined) accumulate(cotangents, output.id, cotangent);
  });
  const innerReached = new Set(reached);
  for (const made of inner) {
    if (made.inputs.some((input) => innerReached.has(input)))
      for (const output of made.outputs) innerReached.add(output);
  }
  propagate(trace, inner, cotangents, innerReached);
}

function accumulate({ parts }: Cotangents, value: ValueId, part: Tensor): void {
  const known = parts.get(value);
  if (known === undefined) parts.set(value, [part]);
  else known.push(part);
}

/** The sum of what arrived for a value. */
function cotangentOf(trace: Trace, cotangents: Cotangents, value: ValueId): Tensor | undefined {
  const arrived = cotangents.parts.get(value);
  if (arrived === undefined || arrived.length === 1) return arrived?.[0];
  const depthOf = measureDepths(trace, cotangents);
  const total = arrived
    .toReversed()
    .sort((left, right) => depthOf(left) - depthOf(right))
    .reduce((sum, part) => add(sum, part));
  cotangents.parts.set(value, [total]);
  return total;
}

function measureDepths(trace: Trace, cotangents: Cotangents): (tensor: Tensor) => number {
  const { depths } = cotangents;
  for (const node of trace.nodes.slice(cotangents.measured)) {
    const depth = 1 + Math.max(0, ...node.inputs.map((input) => depths.get(input) ?? 0));
    for (const output of node.outputs) depths.set(output, depth);
  }
  cotangents.measured = trace.nodes.length;
  return ({ id }) => depths.get(id) ?? 0;
}

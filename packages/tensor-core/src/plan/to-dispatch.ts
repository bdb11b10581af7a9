import type { Graph, ValueId } from "../graph/graph.ts";
import type { Address, Binding, Dispatch } from "./plan.ts";
import { signatureOf } from "./select-kernel.ts";
import type { StorageTarget } from "./storage-target.ts";

/** Writes down what a node runs: its kernel, and where its operands are. */
export function toDispatch(
  graph: Graph,
  index: number,
  addresses: ReadonlyMap<ValueId, readonly Address[]>,
  target: StorageTarget,
): Dispatch {
  const node = graph.nodes[index]!;
  const signature = signatureOf(node, graph.values);
  const kernel = target.kernelOf(node);
  const operands = [...node.inputs, ...node.outputs];
  const bindings = operands.flatMap((id, operand): Binding[] =>
    addresses
      .get(id)!
      .map((address) => ({ ...address, operand, access: operand < node.inputs.length ? "read" : "write" })),
  );
  const cost = node.op.cost?.(signature.inputs, signature.outputs, node.attributes);
  return {
    op: node.op,
    kernel: kernel?.id ?? "reference",
    attributes: node.attributes,
    inputs: signature.inputs,
    outputs: signature.outputs,
    bindings,
    ...(kernel ? { code: kernel.lower(signature, target.capabilities) } : {}),
    scope: node.scope,
    backward: node.backward,
    node: index,
    flops: cost?.flops ?? 0,
    bytesMoved: cost?.bytes ?? operandBytes(bindings),
  };
}

/** Bytes of all operands, an input that is given twice once. */
function operandBytes(bindings: readonly Binding[]): number {
  const ranges = new Map(bindings.map((each) => [`${each.access} ${each.region}:${each.offset}`, each.bytes]));
  return [...ranges.values()].reduce((sum, bytes) => sum + bytes, 0);
}

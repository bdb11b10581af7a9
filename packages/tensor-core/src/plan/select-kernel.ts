import type { Capabilities } from "../backend/backend.ts";
import type { GraphNode, Value } from "../graph/graph.ts";
import type { KernelDef, Signature } from "../kernel/kernel-def.ts";

/** What a kernel is asked about a node. */
export function signatureOf(node: GraphNode, values: readonly Value[]): Signature {
  return {
    op: node.op.id,
    inputs: node.inputs.map((id) => values[id]!.type),
    outputs: node.outputs.map((id) => values[id]!.type),
    attributes: node.attributes,
  };
}

/** The cheapest kernel that accepts a signature; the first listed wins a tie. */
export function selectKernel(
  kernels: readonly KernelDef[],
  signature: Signature,
  capabilities: Capabilities,
): KernelDef | undefined {
  let best: { kernel: KernelDef; cost: number } | undefined;
  for (const kernel of kernels) {
    if (kernel.op !== signature.op) continue;
    const cost = kernel.accepts(signature, capabilities);
    if (cost !== undefined && (best === undefined || cost < best.cost)) best = { kernel, cost };
  }
  return best?.kernel;
}

import { AttuneError } from "@attune/spec";
import type { Graph, GraphNode, Value, ValueId } from "../graph/graph.ts";
import { Trace } from "../graph/trace.ts";
import { formatType, isPlain } from "../type/tensor-type.ts";

/**
 * Replaces nodes that the backend has no kernel for by the ops they stand for.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` for an op with neither
 */
export function expandComposites(
  graph: Graph,
  runs: (node: GraphNode, values: readonly Value[]) => boolean,
  backend: string,
): Graph {
  const values: Value[] = [...graph.values];
  const nodes: GraphNode[] = [];
  const renamed = new Map<ValueId, ValueId>();
  const resolve = (id: ValueId): ValueId => renamed.get(id) ?? id;
  const place = (original: GraphNode): void => {
    const node = { ...original, inputs: original.inputs.map(resolve) };
    if (runs(node, values)) {
      nodes.push(node);
      return;
    }
    const { inner, inputs, outputs } = decompose(node, values, backend);
    const map = new Map<ValueId, ValueId>(inputs.map((id, position) => [id, node.inputs[position]!]));
    for (const value of inner.values) {
      if (map.has(value.id)) continue;
      map.set(value.id, values.length);
      values.push({ id: values.length, type: value.type });
    }
    for (const made of inner.nodes) {
      const { recompute: _, ...rest } = made;
      place({
        ...rest,
        scope: node.scope,
        backward: node.backward,
        inputs: made.inputs.map((id) => map.get(id)!),
        outputs: made.outputs.map((id) => map.get(id)!),
      });
    }
    outputs.forEach((id, position) => {
      renamed.set(node.outputs[position]!, resolve(map.get(id)!));
    });
  };
  for (const node of graph.nodes) place(node);
  return {
    values,
    nodes,
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: resolve(value) })),
    effects: graph.effects.map(({ state, value }) => ({ state, value: resolve(value) })),
  };
}

/** Traces what an op stands for, on inputs of its own. */
export function decompose(
  node: GraphNode,
  values: readonly Value[],
  backend: string,
): { inner: Trace; inputs: ValueId[]; outputs: ValueId[] } {
  if (!node.op.decompose) throw noKernel(node, values, backend);
  const inner = new Trace();
  const inputs = node.inputs.map((id, position) => inner.input(`${position}`, values[id]!.type));
  const outputs = node.op.decompose(inputs, node.attributes);
  return { inner, inputs: inputs.map((tensor) => tensor.id), outputs: outputs.map((tensor) => tensor.id) };
}

/** The error for an op that cannot be had here; where operands are stored in a format of their own, that may be what is in the way. */
function noKernel(node: GraphNode, values: readonly Value[], backend: string): AttuneError {
  const types = node.inputs.map((id) => values[id]!.type);
  const stored = types.find((type) => !isPlain(type));
  const where = node.scope === "" ? "" : ` in "${node.scope}"`;
  const operands = types.map(formatType).join(", ");
  return new AttuneError(
    "DEVICE_UNAVAILABLE",
    `Backend "${backend}" has no kernel for op "${node.op.id}"${where} on ${operands}, and the op has no decomposition.`,
    {
      hint:
        stored === undefined
          ? "Give the op a decompose, which is the same in other ops, install a plugin that brings the kernel, or use another backend."
          : `See that the format "${stored.format.id}" has a decoder for this backend among its decoders.`,
    },
  );
}

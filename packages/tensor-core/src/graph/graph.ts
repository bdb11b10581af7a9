// A graph is a list of nodes in an order that respects their data flow, plus its leaves, outputs and effects.
import type { Attributes, OpDef } from "../op-def/op-def.ts";
import type { TensorType } from "../type/tensor-type.ts";

/** Index of a value in its graph. */
export type ValueId = number;

/** Where a leaf's values come from. */
export type Leaf =
  /** Read-only, uploaded once. */
  | { readonly kind: "weight"; readonly name: string }
  /** A range of a State region, in elements of the region's dtype. */
  | { readonly kind: "state"; readonly region: string; readonly offset: number }
  /** Written by the host before each run. */
  | { readonly kind: "input"; readonly name: string };

/** One value: its type, and the leaf it is unless a node makes it. */
export interface Value {
  readonly id: ValueId;
  readonly type: TensorType;
  readonly leaf?: Leaf;
}

/** One application of an op. */
export interface GraphNode {
  readonly op: OpDef;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly attributes: Attributes;
  /** Path of the scope it was traced in, for `explain()` and random streams. */
  readonly scope: string;
  /** Set on nodes made by autodiff. */
  readonly backward: boolean;
  /** The marked region whose inner values the backward pass computes again instead of keeping. */
  readonly recompute?: number;
}

/** `update`: after every read of the old value, the state holds the new one. */
export interface Effect {
  readonly state: ValueId;
  readonly value: ValueId;
}

/** A traced computation; passes make new ones and never change one. */
export interface Graph {
  readonly values: readonly Value[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly { readonly name: string; readonly value: ValueId }[];
  readonly effects: readonly Effect[];
}

/** The node that makes each value; leaves are absent. */
export function producers(graph: Pick<Graph, "nodes">): Map<ValueId, GraphNode> {
  const map = new Map<ValueId, GraphNode>();
  for (const node of graph.nodes) for (const output of node.outputs) map.set(output, node);
  return map;
}

/** The nodes that read each value, in order; outputs and effects do not count. */
export function consumers(graph: Pick<Graph, "nodes">): Map<ValueId, GraphNode[]> {
  const map = new Map<ValueId, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      const readers = map.get(input);
      if (readers) readers.push(node);
      else map.set(input, [node]);
    }
  }
  return map;
}

/** Values that the outside sees: outputs, and the new values of State. */
export function observedValues(graph: Graph): Set<ValueId> {
  return new Set([...graph.outputs.map((output) => output.value), ...graph.effects.map((effect) => effect.value)]);
}

import type { Capabilities } from "../backend/backend.ts";
import type { GraphNode } from "../graph/graph.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";

/** What the backend says about nodes. */
export interface StorageTarget {
  readonly backend: string;
  readonly capabilities: Capabilities;
  /** Inputs and outputs that the kernel of a node may give one range. */
  readonly inPlace: (node: GraphNode) => readonly { readonly input: number; readonly output: number }[];
  /** Byte offsets of a view's outputs, undefined for nodes that move bytes. */
  readonly views: (node: GraphNode) => readonly number[] | undefined;
  readonly kernelOf: (node: GraphNode) => KernelDef | undefined;
}

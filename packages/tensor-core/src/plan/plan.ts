import type { MemoryRole } from "../backend/backend.ts";
import type { Graph } from "../graph/graph.ts";
import type { Access, KernelCode } from "../kernel/kernel-def.ts";
import type { Attributes, OpDef } from "../op-def/op-def.ts";
import type { TensorType } from "../type/tensor-type.ts";

/** Memory that the runtime binds: one allocation each. Weights and State are named, arena and staging are one each. */
export interface PlanRegion {
  readonly role: MemoryRole;
  readonly name: string;
  /** Bytes that the plan touches of it, counted from its start. */
  readonly bytes: number;
}

/** A range of a region: (region, byte offset, length). Offsets go up to 2^53. */
export interface Address {
  readonly region: number;
  readonly offset: number;
  readonly bytes: number;
}

/** A buffer that a dispatch uses: one a format component of each input, then of each output. */
export interface Binding extends Address {
  readonly access: Access;
  /** The operand it belongs to: inputs count from 0, outputs follow them. */
  readonly operand: number;
}

/** One kernel run. */
export interface Dispatch {
  readonly op: OpDef;
  readonly kernel: string;
  readonly attributes: Attributes;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  /** In operand order. An in-place operand appears as input and output with the same range, bound once by the backend. */
  readonly bindings: readonly Binding[];
  /** Absent on a backend that interprets. */
  readonly code?: KernelCode;
  readonly scope: string;
  readonly backward: boolean;
  /** The node of the plan's graph that it runs. */
  readonly node: number;
  readonly flops: number;
  /** Bytes that it must at least read and write. */
  readonly bytesMoved: number;
}

/** A host-written or host-read value in the staging region. */
export interface Port {
  readonly name: string;
  readonly type: TensorType;
  readonly addresses: readonly Address[];
}

/** A computation as data: what to run, in which order, on which bytes. Plans own no memory. */
export interface Plan {
  readonly backend: string;
  readonly regions: readonly PlanRegion[];
  readonly dispatches: readonly Dispatch[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The graph after all passes, which the dispatches run. */
  readonly graph: Graph;
  readonly memory: {
    readonly arena: number;
    readonly staging: number;
    /** Sum of all values' bytes if none shared memory, for comparison. */
    readonly unshared: number;
  };
}

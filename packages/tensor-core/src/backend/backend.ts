import type { KernelDef } from "../kernel/kernel-def.ts";
import type { Plan } from "../plan/plan.ts";

/** The four roles of memory. */
export type MemoryRole = "weights" | "state" | "arena" | "staging";

/** What a backend allows; the planner obeys it. */
export interface Capabilities {
  /** Every binding starts at a multiple of this many bytes. */
  readonly alignment: number;
  /** Largest range that one binding may cover, in bytes. */
  readonly maxBindingBytes: number;
  /** Whether the backend binds a larger range as several, each of which counts as a binding; default false. */
  readonly splitsBindings?: boolean;
  /** Bindings that one dispatch may have. */
  readonly maxBindings: number;
  /** Largest single allocation, in bytes. */
  readonly maxAllocationBytes: number;
  /** Whether an input and an output of one dispatch may be the same range (in place). */
  readonly inPlace: boolean;
  /** Optional features, for instance "f16" or "subgroups". */
  readonly features: ReadonlySet<string>;
}

/** Bytes that a backend holds. */
export interface Allocation {
  readonly bytes: number;
  readonly role: MemoryRole;
}

/** How long the dispatches of a plan took in one run. */
export interface DispatchTimes {
  /** One number a dispatch, the waits of threads for each other included. */
  readonly milliseconds: Float64Array;
  /** Milliseconds that a thread waited for the others, the mean of all threads; absent where a backend has none or cannot tell. */
  readonly waiting?: number | undefined;
}

/** A plan that a backend made ready. Regions are bound a run, so that plans share weights, state and the arena. */
export interface Executable {
  /** Runs the dispatches `from` (default 0) to `to` (default all) on one allocation a region of the plan, in its order. */
  run(regions: readonly Allocation[], range?: { readonly from: number; readonly to: number }): Promise<void>;
  /** Runs all dispatches and says how long each took; absent where a backend cannot tell. */
  profile?(regions: readonly Allocation[]): Promise<DispatchTimes>;
  dispose(): void;
}

/** Runs plans. */
export interface Backend {
  readonly kind: "backend";
  readonly specificationVersion: 1;
  readonly id: string;
  readonly capabilities: Capabilities;
  /** Its own kernels; the runtime adds those of plugins. */
  readonly kernels: readonly KernelDef[];
  /** True for backends that run an op's float64 reference where no kernel accepts (interpreters). */
  readonly interprets: boolean;
  /** Zero-filled bytes. @throws AttuneError MEMORY_EXCEEDED that says what was asked for and what is there. */
  allocate(role: MemoryRole, bytes: number): Promise<Allocation>;
  free(allocation: Allocation): void;
  write(allocation: Allocation, offset: number, bytes: Uint8Array): Promise<void>;
  read(allocation: Allocation, offset: number, bytes: number): Promise<Uint8Array>;
  /** Bytes where they lie, to be written until the allocation is freed; absent where the host does not see the memory. */
  view?(allocation: Allocation, offset: number, bytes: number): Uint8Array;
  compile(plan: Plan): Promise<Executable>;
  dispose(): Promise<void>;
}

// What the host and its worker threads say to each other, and the cells of shared memory through which threads meet.

import type { GemmProvider } from "@attune/tensor-core";
import type { AddressType } from "@attune/tensor-core/wasm";

/** Bytes in which a thread writes the parameters of the kernel it runs, 8 an address. */
export const parameterBytes = 8192;

/** Given to a worker when it starts. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  /** Where near addresses point, if not into `memory`. */
  readonly nearMemory?: WebAssembly.Memory | undefined;
  readonly addressType: AddressType;
  readonly control: SharedArrayBuffer;
  readonly thread: number;
  readonly threads: number;
  /** Where this thread writes the parameters of the kernel it runs. */
  readonly parameters: number;
  /** The native library that it may call. */
  readonly gemm?: GemmProvider | undefined;
}

/** Compiled kernels: export `k<id>` of the module is kernel number id. */
interface LoadModule {
  readonly kind: "module";
  readonly module: WebAssembly.Module;
}

/** A plan as numbers. `steps` holds `stepFields` numbers a step; `addresses` the absolute address of every binding. */
interface LoadProgram {
  readonly kind: "program";
  readonly id: number;
  readonly steps: Int32Array<SharedArrayBuffer>;
  readonly addresses: Float64Array<SharedArrayBuffer>;
}

export interface RunProgram {
  readonly kind: "run";
  readonly id: number;
  /** Steps to run. */
  readonly from: number;
  readonly to: number;
  /** The scratch of this thread, the one that all threads share, and the near one of this thread. */
  readonly scratch: number;
  readonly shared: number;
  readonly near: number;
  /** Milliseconds of each step from `from` on, written by the first thread as it leaves it; then those that each thread waited. */
  readonly times?: Float64Array<SharedArrayBuffer>;
  /** How large the memory is by now. */
  readonly memoryBytes: number;
}

interface DropProgram {
  readonly kind: "drop";
  readonly id: number;
}

export type WorkerMessage = LoadModule | LoadProgram | RunProgram | DropProgram;

/** A thread's answer to a run. */
export interface RunFinished {
  readonly error?: string;
}

/** Numbers of a step: kernel, its first tile and the tile after its last, its first binding and their count. */
export const stepFields = 5;

/**
 * Cells of the control block. `failed` is set by a thread whose kernel trapped; `stop` takes it over while a barrier is closed, so that
 * all threads leave after the same step.
 */
export const controlCells = { nextTile: 0, arrived: 1, generation: 2, failed: 3, stop: 4, count: 16 } as const;

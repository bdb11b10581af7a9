// What the CPU backend needs to know of a kernel: a WASM function cut into fixed tiles. Types only, so that
// a plugin brings kernels without depending on the backend.
import type { FunctionBuilder, Local, ModuleBuilder, Value } from "../wasm/index.ts";

/** Where an element to decode lies: one address local a component, and its index in row-major order. */
export interface CpuDecodeContext {
  /** Address of each component's first byte, in the format's component order. */
  readonly components: readonly Local<"address">[];
  /**
   * Row-major index of the first of four neighbours. For formats in blocks it is a multiple of 4 within a block; for formats of
   * single elements it is any index, and up to three elements past the tensor may be read and are thrown away.
   */
  readonly element: Local<"i32">;
}

/** Four decoded neighbours as one v128 of f32; may append statements and variables to the function first. */
export type CpuDecoder = (builder: FunctionBuilder, context: CpuDecodeContext) => Value<"v128">;

/**
 * A kernel as the CPU backend runs it: `emit` adds one function `(parameters: address, tile: i32) -> ()` to a module.
 * `parameters` points at one address a binding (in the dispatch's binding order), then the scratch address of the thread, then
 * that of the scratch that all threads share; each takes 8 bytes, whatever the address type.
 * Tiles are fixed by shape alone, never by the thread count, so that any number of threads gives the same bits.
 */
export interface CpuKernelCode {
  readonly backend: "cpu";
  /** Equal keys mean equal code, so that shapes share compiled functions. */
  readonly key: string;
  /** Adds the kernel's function to the module and returns its builder; called once a key. */
  readonly emit: (module: ModuleBuilder) => FunctionBuilder;
  /** Number of work items, independent of each other within a phase. */
  readonly tiles: number;
  /** Ascending tile numbers at which a new phase starts: every tile before is done, on all threads, before any tile from there on. */
  readonly phases?: readonly number[];
  /** Private bytes a thread needs while it works on a tile. */
  readonly scratchBytes: number;
  /** Bytes that the tiles of one dispatch share, for what one phase hands to the next (default 0). */
  readonly sharedBytes?: number;
}

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

/** Where a run to decode lies: `offset` elements, a constant, after `element`. */
export interface CpuRunContext extends CpuDecodeContext {
  readonly offset: number;
  /**
   * Address of `element` in a component that has so many bits for each element, where it begins a byte. Loads of all runs that are decoded
   * together go through this one variable, so that V8 sees neighbours.
   */
  readonly address: (component: number, bits: 1 | 2 | 4 | 8 | 16 | 32) => Local<"address">;
}

/**
 * Decodes many neighbours at once, in whatever order is fastest, for products of few rows, which are as fast as their weights are read and
 * decoded. The product brings its other factor into the same order. A value is
 * `(lane · 2^exponents[v] + shift) · pairFactor · rowFactor`, for a lane of vector v.
 */
export interface CpuRunDecoder {
  /** Elements of a run, 4 a vector. Runs come in pairs, `2 · length` elements, which begin at multiples of that in a row. */
  readonly length: number;
  /** Which element of the run each lane is: lane l of vector v is element `order[4 · v + l]`. */
  readonly order: readonly number[];
  /** Powers of two that are left out of each vector's lanes. */
  readonly exponents: readonly number[];
  /** What is left out of all lanes, default 0. */
  readonly shift?: number;
  /** The vectors of one run; may append statements to the function first. */
  readonly decode: (builder: FunctionBuilder, context: CpuRunContext) => readonly Value<"v128">[];
  /** A factor of a pair of runs in all four lanes, for formats with a scale a block. */
  readonly pairFactor?: (builder: FunctionBuilder, context: CpuRunContext) => Value<"v128">;
  /** A factor of a whole row in all four lanes; `element` is the first of the row. */
  readonly rowFactor?: (builder: FunctionBuilder, context: CpuDecodeContext) => Value<"v128">;
}

/**
 * A kernel as the CPU backend runs it: `emit` adds one function `(parameters: address, tile: i32) -> ()` to a module.
 * `parameters` points at one address a binding (in the dispatch's binding order), then the scratch address of the thread,
 * that of the scratch that all threads share, and the near address of the thread's near scratch; each takes 8 bytes, whatever its type.
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
  /**
   * Private bytes a thread needs behind near addresses, where V8 fuses SIMD operations to 256 bits even if addresses of the backend's
   * memory have 64 bits (default 0).
   */
  readonly nearBytes?: number;
  /** Bytes that the tiles of one dispatch share, for what one phase hands to the next (default 0). */
  readonly sharedBytes?: number;
}

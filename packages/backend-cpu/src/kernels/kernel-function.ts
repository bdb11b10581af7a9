// What every kernel does the same way: the function's signature, its parameters, rows cut into tiles, vectors with a tail.
import type { CpuKernelCode } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  i32,
  type Local,
  loadAddress,
  loadNear,
  type MemoryType,
  type ModuleBuilder,
  select,
  type Value,
} from "@attune/tensor-core/wasm";

/** A kernel function's parameters. */
export interface KernelParameters {
  /** Address of each binding, in the dispatch's order. */
  readonly bindings: readonly Local<"address">[];
  readonly tile: Local<"i32">;
  /** Private scratch of the thread. */
  readonly scratch: Local<"address">;
  /** Scratch that the tiles of one dispatch share. */
  readonly shared: Local<"address">;
  /** Private near scratch of the thread. */
  readonly near: Local<"near">;
}

/** Adds `(parameters: address, tile: i32) -> ()` to a module, with `bindings` addresses read from the parameters. */
export function kernelFunction(
  module: ModuleBuilder,
  name: string,
  bindings: number,
  body: (f: FunctionBuilder, parameters: KernelParameters) => void,
): FunctionBuilder {
  const made = module.function({ name, parameters: ["address", "i32"] }, (f, parameters, tile) => {
    const [scratch, shared] = [bindings, bindings + 1].map((index) => f.keep(loadAddress(parameters, 8 * index)));
    body(f, {
      bindings: Array.from({ length: bindings }, (_, index) => f.keep(loadAddress(parameters, 8 * index))),
      tile,
      scratch: scratch!,
      shared: shared!,
      near: f.keep(loadNear(parameters, 8 * (bindings + 2))),
    });
  });
  return made;
}

/** Kernel code without phases and scratch. */
export function simpleCode(
  key: string,
  tiles: number,
  emit: (module: ModuleBuilder) => FunctionBuilder,
): CpuKernelCode {
  return { backend: "cpu", key, tiles, scratchBytes: 0, emit };
}

/** Elements that make a tile worth taking: about 10 microseconds of simple work. */
const tileElements = 16384;

/** Rows of `columns` elements that one tile works on. */
export function rowsPerTile(columns: number, elements: number = tileElements): number {
  return Math.max(1, Math.floor(elements / Math.max(1, columns)));
}

/** Tiles that `rows` rows make. */
export function rowTiles(rows: number, columns: number, elements: number = tileElements): number {
  return Math.ceil(rows / rowsPerTile(columns, elements));
}

/** Runs the body for each row of a tile. */
export function forRowsOfTile(
  f: FunctionBuilder,
  tile: Value<"i32">,
  rows: number,
  columns: number,
  body: (row: Local<"i32">) => void,
  elements: number = tileElements,
): void {
  const step = rowsPerTile(columns, elements);
  const first = f.keep(i32.mul(tile, step));
  const last = f.keep(minimum(i32.add(first, step), i32.constant(rows)));
  f.for(first, last, 1, body);
}

/** Runs the body for each vector of `count` consecutive f32, a number known only at run time. */
export function forDynamicVectors(
  f: FunctionBuilder,
  count: Local<"i32">,
  body: (offset: Local<"address">, lanes: Lanes) => void,
): void {
  const offset = f.local("address");
  f.set(offset, 0);
  f.for(0, i32.shrU(count, 2), 1, () => {
    body(offset, 4);
    f.increment(offset, 16);
  });
  const rest = f.keep(i32.and(count, 3));
  for (const lanes of [1, 2, 3] as const) f.if(i32.eq(rest, lanes), () => body(offset, lanes));
}

/** The larger of two signed integers. */
export function maximum(left: Value<"i32">, right: Value<"i32">): Value<"i32"> {
  return select(i32.gtS(left, right), left, right);
}

/** The smaller of two signed integers. */
export function minimum(left: Value<"i32">, right: Value<"i32">): Value<"i32"> {
  return select(i32.ltS(left, right), left, right);
}

/** Lanes of a vector that hold elements: all four, or fewer in the last vector of a row. */
export type Lanes = 1 | 2 | 3 | 4;

/** Writes the first `lanes` lanes of a vector. */
export function storeLanes(
  f: FunctionBuilder,
  target: Value<MemoryType>,
  vector: Value<"v128">,
  lanes: Lanes,
  offset = 0,
): void {
  if (lanes === 4) {
    f.store("v128", target, vector, offset);
    return;
  }
  const kept = f.keep(vector);
  const at = f.keep(target);
  for (let lane = 0; lane < lanes; lane++) f.storeLane(32, at, kept, lane, offset + 4 * lane);
}

/** `base + row * bytes`, kept in a variable. */
export function rowAddress(
  f: FunctionBuilder,
  base: Value<"address">,
  row: Value<"i32">,
  bytes: number,
): Local<"address"> {
  return f.keep(address.at(base, row, bytes));
}

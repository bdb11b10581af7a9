// The inner loop of every product: a tile of C, rows x (4 vectors) of it, held in registers while k runs.
//   c[i, j] = (first ? 0 : start[i, j]) + Σ over ascending k of a[i, k] · b[k, j]
// Each element is one chain of multiply-adds in ascending k, whatever the tile's shape or the blocking of k, so that neither
// changes a bit. Vectors of B lie at consecutive offsets, elements of A are splatted from memory, and accumulators stand in the
// order of their stores: the form that V8 can fuse to 256 bits (docs/decisions/2026-11-24-address-type-and-256-bits.md).
import {
  type FunctionBuilder,
  f32x4,
  type Local,
  load,
  type MemoryType,
  type ModuleBuilder,
  near,
  type WasmFunction,
} from "@attune/tensor-core/wasm";

/** Layout of a tile's operands. All distances are in bytes. */
export interface TileLayout {
  readonly rows: number;
  /** 128-bit vectors across, an even number. */
  readonly vectors: number;
  /** From a row of A to the next. */
  readonly rowOfA: number;
  /** From an element of a row of A to the next. */
  readonly stepOfA: number;
  /** From a row of B to the next. */
  readonly stepOfB: number;
  /** Where A is. Only vectors have to be near for V8 to fuse them; single elements are read where they lie. */
  readonly memoryOfA: MemoryType;
  /** Whether sums start at 0 instead of at what memory holds. */
  readonly first: boolean;
}

/** `(a, b, c, start, k, rowOfC)`: one tile; k is at least 1, rowOfC, in bytes, holds for start as well, which may be c. */
export type TileProduct<A extends MemoryType> = WasmFunction<
  readonly [A, "near", "near", "near", "i32", "near"],
  never
>;

/** The function for a layout, once a module. */
export function tileProduct<A extends MemoryType>(
  module: ModuleBuilder,
  layout: TileLayout & { readonly memoryOfA: A },
): TileProduct<A> {
  return module.once(`tile|${JSON.stringify(layout)}`, () => {
    const made = module.function(
      { name: "tile", parameters: [layout.memoryOfA as MemoryType, "near", "near", "near", "i32", "near"] },
      (f, a, b, c, start, k, rowOfC) => {
        const { rows, vectors, first } = layout;
        const rowsFrom = (base: Local<"near">): Local<"near">[] => {
          const found = [base];
          for (let row = 1; row < rows; row++) found.push(f.keep(near.add(found[row - 1]!, rowOfC)));
          return found;
        };
        const sums = (first ? rowsFrom(c) : rowsFrom(start)).map((source) =>
          Array.from({ length: vectors }, (_, vector) =>
            f.keep(first ? f32x4.constant(0) : load("v128", source, 16 * vector)),
          ),
        );
        f.repeat(k, () => {
          emitStep(f, layout, a, b, sums);
          f.increment(a, layout.stepOfA);
          f.increment(b, layout.stepOfB);
        });
        rowsFrom(c).forEach((target, row) => {
          for (const [vector, sum] of sums[row]!.entries()) f.store("v128", target, sum, 16 * vector);
        });
      },
    );
    return made as unknown as TileProduct<A>;
  });
}

function emitStep(
  f: FunctionBuilder,
  { rows, vectors, rowOfA }: TileLayout,
  a: Local<MemoryType>,
  b: Local<"near">,
  sums: readonly (readonly Local<"v128">[])[],
): void {
  const right = Array.from({ length: vectors }, (_, vector) => f.keep(load("v128", b, 16 * vector)));
  for (let row = 0; row < rows; row++) {
    const left = f.keep(load("splat32", a, row * rowOfA));
    for (const [vector, sum] of sums[row]!.entries()) f.set(sum, f32x4.madd(left, right[vector]!, sum));
  }
}

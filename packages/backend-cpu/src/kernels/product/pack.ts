// Packing: a panel of a matrix copied so that the inner loop reads it from front to back, [k][width], decoded on the way.
// This is where storage formats are met, and nowhere else in a product.
import type { CpuDecoder } from "@attune/tensor-core";
import {
  type FunctionBuilder,
  i32,
  type Local,
  type MemoryType,
  near,
  shuffle32,
  type Value,
} from "@attune/tensor-core/wasm";
import { type Lanes, storeLanes } from "../kernel-function.ts";

/** A matrix to read: `rowElements` from a row to the next, elements of a row next to each other. */
export interface PackSource {
  readonly components: readonly Local<"address">[];
  readonly decode: CpuDecoder;
  readonly rowElements: number;
}

/** A panel to write, `[k][width]`, and the k that it holds. */
export interface PackTarget<M extends MemoryType = MemoryType> {
  readonly address: Local<M>;
  readonly width: number;
  readonly firstK: Value<"i32">;
  readonly k: Value<"i32">;
}

/** Four neighbours from element number `row * rowElements + column`. */
function decodeAt(
  f: FunctionBuilder,
  { components, decode, rowElements }: PackSource,
  row: Value<"i32">,
  column: Value<"i32">,
): Local<"v128"> {
  const element = f.keep(i32.add(i32.mul(row, rowElements), column));
  return f.keep(decode(f, { components, element }));
}

/**
 * Copies a panel whose k runs down the rows of the source: target[k][width] = source[firstK + k][column ...].
 * Reads past the source's width where the panel is wider; those lanes are never stored into C.
 */
export function packDown(
  f: FunctionBuilder,
  source: PackSource,
  { address, width, firstK, k }: PackTarget,
  column: Local<"i32">,
): void {
  const cursor = f.keep(address);
  f.for(0, k, 1, (index) => {
    const row = f.keep(i32.add(firstK, index));
    for (let lane = 0; lane < width; lane += 4) {
      const vector = decodeAt(f, source, row, i32.add(column, lane));
      if (width - lane === 2) f.storeLane(64, cursor, vector, 0, 4 * lane);
      else storeLanes(f, cursor, vector, Math.min(4, width - lane) as Lanes, 4 * lane);
    }
    f.increment(cursor, 4 * width);
  });
}

/**
 * Copies a panel whose k runs along the rows of the source: target[k][width] = source[row ... row + rows][firstK + k], by transposing
 * 4 x 4 blocks. Columns from `rows` on are left as they are in the target.
 */
export function packAcross(
  f: FunctionBuilder,
  source: PackSource,
  { address, width, firstK, k }: PackTarget<"near">,
  row: Local<"i32">,
  rows: number,
): void {
  const end = f.keep(k);
  const start = f.keep(firstK);
  for (let first = 0; first < rows; first += 4) {
    const count = Math.min(4, rows - first);
    const cursor = f.keep(near.add(address, 4 * first));
    const vectorsAt = (at: Local<"i32">): Local<"v128">[] =>
      Array.from({ length: count }, (_, index) => decodeAt(f, source, f.keep(i32.add(i32.add(row, first), index)), at));
    const storeLaneOf = (vectors: readonly Local<"v128">[], lane: number): void => {
      for (const [index, vector] of vectors.entries())
        f.storeLane(32, cursor, vector, lane, 4 * (lane * width + index));
    };
    f.for(0, i32.and(end, -4), 4, (index) => {
      const vectors = vectorsAt(f.keep(i32.add(start, index)));
      if (count < 4) for (let lane = 0; lane < 4; lane++) storeLaneOf(vectors, lane);
      else
        for (const [lane, column] of transpose4(f, vectors).entries())
          f.store("v128", cursor, column, 4 * lane * width);
      f.increment(cursor, 16 * width);
    });
    for (let lane = 0; lane < 3; lane++) {
      f.if(i32.gtS(i32.and(end, 3), lane), () =>
        storeLaneOf(vectorsAt(f.keep(i32.add(start, i32.and(end, -4)))), lane),
      );
    }
  }
}

/** Columns of a 4 x 4 block given by its rows. */
export function transpose4(f: FunctionBuilder, rows: readonly Value<"v128">[]): Value<"v128">[] {
  const [a, b, c, d] = rows as [Value<"v128">, Value<"v128">, Value<"v128">, Value<"v128">];
  const low = f.keep(shuffle32(a, b, [0, 4, 1, 5]));
  const high = f.keep(shuffle32(a, b, [2, 6, 3, 7]));
  const lowOther = f.keep(shuffle32(c, d, [0, 4, 1, 5]));
  const highOther = f.keep(shuffle32(c, d, [2, 6, 3, 7]));
  return [
    shuffle32(low, lowOther, [0, 1, 4, 5]),
    shuffle32(low, lowOther, [2, 3, 6, 7]),
    shuffle32(high, highOther, [0, 1, 4, 5]),
    shuffle32(high, highOther, [2, 3, 6, 7]),
  ];
}

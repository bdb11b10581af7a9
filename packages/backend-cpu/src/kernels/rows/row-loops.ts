// Passes over one row of f32: folds in a fixed order, and maps.
import { address, type FunctionBuilder, f32x4, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { forVectors, type Lanes, storeLanes } from "../kernel-function.ts";
import { keepLanes, largestLane, sumLanes } from "../vector-math.ts";

type Vector = Value<"v128">;

/** Four neighbours of each of several rows. */
export type RowReader = (base: Local<"address">) => Local<"v128">;

/** Reads vectors at one place of any row. */
function readerAt(f: FunctionBuilder, offset: Local<"address">, constantOffset: number): RowReader {
  return (base) => f.keep(load("v128", address.add(base, offset), constantOffset));
}

/** Adds up one value an element over a row; neighbouring vectors go to two chains, which are joined at the end. */
export function sumRow(f: FunctionBuilder, columns: number, valueAt: (read: RowReader) => Vector): Local<"f32"> {
  return sumRows(f, columns, 1, (read) => [valueAt(read)])[0]!;
}

/** As `sumRow`, for several sums in one pass. */
export function sumRows(
  f: FunctionBuilder,
  columns: number,
  count: number,
  valuesAt: (read: RowReader) => readonly Vector[],
): Local<"f32">[] {
  const chains = [0, 16].map(() => Array.from({ length: count }, () => f.keep(f32x4.constant(0))));
  forVectors(f, columns, (offset, constantOffset, lanes) => {
    const values = valuesAt(readerAt(f, offset, constantOffset));
    for (const [index, value] of values.entries()) {
      const sum = chains[constantOffset / 16]![index]!;
      f.set(sum, f32x4.add(sum, keepLanes(f, value, lanes, 0)));
    }
  });
  return Array.from({ length: count }, (_, index) =>
    f.keep(sumLanes(f, f32x4.add(chains[0]![index]!, chains[1]![index]!))),
  );
}

/** The largest value of a row; NaN if one is. */
export function largestOfRow(f: FunctionBuilder, base: Local<"address">, columns: number): Local<"f32"> {
  const chains = [0, 16].map(() => f.keep(f32x4.constant(Number.NEGATIVE_INFINITY)));
  forVectors(f, columns, (offset, constantOffset, lanes) => {
    const value = keepLanes(
      f,
      load("v128", address.add(base, offset), constantOffset),
      lanes,
      Number.NEGATIVE_INFINITY,
    );
    const most = chains[constantOffset / 16]!;
    f.set(most, f32x4.max(most, value));
  });
  return f.keep(largestLane(f, f32x4.max(chains[0]!, chains[1]!)));
}

/** Writes one value an element to `target`, a row; values are read before their place is written. */
export function mapRow(
  f: FunctionBuilder,
  target: Local<"address">,
  columns: number,
  valueAt: (read: RowReader) => Vector,
): void {
  forVectors(f, columns, (offset, constantOffset, lanes: Lanes) => {
    const value = valueAt(readerAt(f, offset, constantOffset));
    storeLanes(f, address.add(target, offset), value, lanes, constantOffset);
  });
}

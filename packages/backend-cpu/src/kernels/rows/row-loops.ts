// Passes over one row of f32: folds in a fixed order, and maps.
import { type FunctionBuilder, f32x4, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { forVectors } from "../for-vectors.ts";
import { keepLanes, largestLane, sumLanes } from "../vector-math.ts";

type Vector = Value<"v128">;

/** Four neighbours of each of several rows. */
export type RowReader = (base: Local<"address">) => Local<"v128">;

/**
 * Adds up one value an element over a row; neighbouring vectors go to two chains, which are joined at the end. V8 fuses only what ends in
 * neighbouring stores, so with `scratch`, 32 bytes, the chains pass through memory: worth it where a value takes long to compute.
 */
export function sumRow(
  f: FunctionBuilder,
  columns: number,
  valueAt: (read: RowReader) => Vector,
  scratch?: Local<"address">,
): Local<"f32"> {
  return sumRows(f, columns, 1, (read) => [valueAt(read)], scratch)[0]!;
}

/** Two neighbouring chains, by way of memory. */
function throughMemory(f: FunctionBuilder, chains: readonly Local<"v128">[], scratch?: Local<"address">): void {
  if (scratch === undefined) return;
  for (const [index, chain] of chains.entries()) f.store("v128", scratch, chain, 16 * index);
  for (const [index, chain] of chains.entries()) f.set(chain, load("v128", scratch, 16 * index));
}

/** As `sumRow`, for several sums in one pass. */
export function sumRows(
  f: FunctionBuilder,
  columns: number,
  count: number,
  valuesAt: (read: RowReader) => readonly Vector[],
  scratch?: Local<"address">,
): Local<"f32">[] {
  const chains = [0, 16].map(() => Array.from({ length: count }, () => f.keep(f32x4.constant(0))));
  forVectors(f, columns, (at) => {
    const values = valuesAt((base) => at.load(base));
    for (const [index, value] of values.entries()) {
      const sum = chains[at.which]![index]!;
      f.set(sum, f32x4.add(sum, keepLanes(f, value, at.lanes, 0)));
    }
  });
  for (let index = 0; index < count; index++) throughMemory(f, [chains[0]![index]!, chains[1]![index]!], scratch);
  return Array.from({ length: count }, (_, index) =>
    f.keep(sumLanes(f, f32x4.add(chains[0]![index]!, chains[1]![index]!))),
  );
}

/** The largest value of a row; NaN if one is. `scratch` as in `sumRow`. */
export function largestOfRow(
  f: FunctionBuilder,
  base: Local<"address">,
  columns: number,
  scratch?: Local<"address">,
): Local<"f32"> {
  const chains = [0, 16].map(() => f.keep(f32x4.constant(Number.NEGATIVE_INFINITY)));
  forVectors(f, columns, (at) => {
    const most = chains[at.which]!;
    f.set(most, f32x4.max(most, keepLanes(f, at.load(base), at.lanes, Number.NEGATIVE_INFINITY)));
  });
  throughMemory(f, chains, scratch);
  return f.keep(largestLane(f, f32x4.max(chains[0]!, chains[1]!)));
}

/** Writes one value an element to `target`, a row; values are read before their place is written. */
export function mapRow(
  f: FunctionBuilder,
  target: Local<"address">,
  columns: number,
  valueAt: (read: RowReader) => Vector,
): void {
  forVectors(f, columns, (at) =>
    at.store(
      target,
      valueAt((base) => at.load(base)),
    ),
  );
}

// What optimizer ops have in common: many tensors lie one after the other in flat buffers; segments say which row of the
// table of hyper-parameters applies where. Elements of no segment keep their values.
import type { TensorType } from "../../type/tensor-type.ts";
import { expectRank, expectShape, shapeMismatch } from "../checks.ts";

/** First element, number of elements and row of the table of hyper-parameters. */
export type Segment = readonly [start: number, length: number, group: number];

/** Columns of the table of hyper-parameters. */
const hyperColumns = 8;

/** Checks flat buffers [N], the table [groups, 8], the predicate [1] and the segments. */
export function expectOptimizerOperands(
  op: string,
  buffers: readonly TensorType[],
  hyper: TensorType,
  apply: TensorType,
  segments: readonly Segment[],
): void {
  const [parameters] = buffers;
  expectRank(op, "flat parameters", parameters!, 1);
  for (const buffer of buffers) expectShape(op, "every buffer", buffer, parameters!.shape);
  expectRank(op, "a table of hyper-parameters", hyper, 2);
  expectShape(op, "a table of hyper-parameters", hyper, [hyper.shape[0]!, hyperColumns]);
  expectShape(op, "the apply predicate", apply, [1]);
  let end = 0;
  for (const [start, length, group] of segments.toSorted((left, right) => left[0] - right[0])) {
    if (start < end || length < 0 || start + length > parameters!.shape[0]!) {
      throw shapeMismatch(
        op,
        `segment [${start}, ${length}, ${group}] overlaps another or leaves ${parameters!.shape[0]} elements.`,
      );
    }
    if (group < 0 || group >= hyper.shape[0]!)
      throw shapeMismatch(op, `segment [${start}, ${length}, ${group}] names none of ${hyper.shape[0]} groups.`);
    end = start + length;
  }
}

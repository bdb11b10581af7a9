import { AttuneError } from "@attune/spec";
import type { Batch } from "./batch-source.ts";
import type { PackedPiece } from "./pack-rows.ts";
import { ignoredLabel, type TrainingExample, trainedCount } from "./training-example.ts";

/** Size of a batch. */
export interface BatchShape {
  readonly rows: number;
  readonly blockLength: number;
  readonly padId: number;
  /** Where given, only positions with a target go through the head: at most this many of a batch. */
  readonly headRows?: number | undefined;
}

/**
 * Lays packed rows out as a batch: token ids, positions that restart with each document, document ids (-1 where a row is
 * padded), and targets shifted by one inside each document, so that nothing is predicted across a boundary.
 *
 * @returns inputs `ids`, `positions`, `documents` `[rows, blockLength]` and `targets` `[rows · blockLength]`, all i32; with
 * `headRows` also `headRows`, the positions that have a target (0 beyond them), and `targets` of those alone
 */
export function collateRows(
  rows: readonly (readonly PackedPiece[])[],
  examples: readonly TrainingExample[],
  shape: BatchShape,
): Batch {
  const { blockLength } = shape;
  const size = shape.rows * blockLength;
  const ids = new Int32Array(size).fill(shape.padId);
  const positions = new Int32Array(size);
  const documents = new Int32Array(size).fill(-1);
  const targets = new Int32Array(size).fill(ignoredLabel);
  let tokens = 0;
  let trainedTokens = 0;
  rows.forEach((pieces, row) => {
    let offset = row * blockLength;
    pieces.forEach(({ example, start, length }, document) => {
      const source = examples[example]!;
      ids.set(source.ids.subarray(start, start + length), offset);
      documents.fill(document, offset, offset + length);
      for (let index = 0; index < length; index++) {
        positions[offset + index] = index;
        if (index + 1 === length) continue;
        const label = source.labels[start + index + 1]!;
        targets[offset + index] = label;
        if (label !== ignoredLabel) trainedTokens++;
      }
      offset += length;
      tokens += length;
    });
  });
  const inputs = {
    ids,
    positions,
    documents,
    ...(shape.headRows ? pickTargets(targets, shape.headRows) : { targets }),
  };
  return { inputs, tokens, trainedTokens };
}

function pickTargets(all: Int32Array, capacity: number): { headRows: Int32Array; targets: Int32Array } {
  const headRows = new Int32Array(capacity);
  const targets = new Int32Array(capacity).fill(ignoredLabel);
  let count = 0;
  all.forEach((target, position) => {
    if (target === ignoredLabel) return;
    if (count === capacity) {
      throw new AttuneError("INTERNAL", `A batch has more than ${capacity} trained tokens, its bound.`);
    }
    headRows[count] = position;
    targets[count++] = target;
  });
  return { headRows, targets };
}

/**
 * The most trained tokens that any batch of these examples can have: a batch filled with those that train the largest share
 * of their tokens (the bound of the fractional knapsack).
 */
export function trainedTokenBound(
  examples: readonly TrainingExample[],
  { rows, blockLength }: Pick<BatchShape, "rows" | "blockLength">,
): number {
  const sizes = examples
    .map((example) => ({ length: example.ids.length, trained: trainedCount(example) }))
    .sort((a, b) => b.trained / b.length - a.trained / a.length);
  let space = rows * blockLength;
  let bound = 0;
  for (const { length, trained } of sizes) {
    if (space <= 0) break;
    bound += length <= space ? trained : Math.min(trained, space);
    space -= length;
  }
  return Math.min(rows * blockLength, bound);
}

import type { Batch } from "./batch-source.ts";
import type { PackedPiece } from "./pack-rows.ts";
import { ignoredLabel, type TrainingExample } from "./training-example.ts";

/**
 * Lays packed rows out as a batch: token ids, positions that restart with each document, document ids (-1 where a row is
 * padded), and targets shifted by one inside each document, so that nothing is predicted across a boundary.
 *
 * @returns inputs `ids`, `positions`, `documents` `[rows, blockLength]` and `targets` `[rows · blockLength]`, all i32
 */
export function collateRows(
  rows: readonly (readonly PackedPiece[])[],
  examples: readonly TrainingExample[],
  shape: { readonly rows: number; readonly blockLength: number; readonly padId: number },
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
  return { inputs: { ids, positions, documents, targets }, tokens, trainedTokens };
}

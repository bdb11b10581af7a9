import { AttuneError } from "@attune/spec";
import { ignoredLabel } from "@attune/tensor-core";
import type { Batch } from "./batch-source.ts";
import { countedTokens, type LossTerm, termInput, termOfToken } from "./loss-terms.ts";
import type { PackedPiece } from "./pack-rows.ts";
import type { TrainingExample } from "./training-example.ts";

/** Size of a batch. */
export interface BatchShape {
  readonly rows: number;
  readonly blockLength: number;
  readonly padId: number;
  /** Where given, only positions with a target go through the head: at most this many of a batch. */
  readonly headRows?: number | undefined;
  /** Terms of the loss, from `lossTerms`. Default: the task's alone, which replay counts towards. */
  readonly terms?: readonly LossTerm[] | undefined;
}

const taskOnly: readonly LossTerm[] = ["loss"];

/**
 * Lays packed rows out as a batch: token ids, positions that restart with each document, document ids (-1 where a row is
 * padded), and targets shifted by one inside each document, so that nothing is predicted across a boundary.
 *
 * @returns inputs `ids`, `positions`, `documents` `[rows, blockLength]` and `targets` `[rows · blockLength]`, all i32; with
 * `headRows` also `headRows`, the positions that have a target (0 beyond them), and `targets` of those alone; with several
 * terms also `counts.TERM`, f32, as long as `targets`: 1 where a target counts towards the term
 */
export function collateRows(
  rows: readonly (readonly PackedPiece[])[],
  examples: readonly TrainingExample[],
  shape: BatchShape,
): Batch {
  const { blockLength, terms = taskOnly, headRows } = shape;
  const size = shape.rows * blockLength;
  const ids = new Int32Array(size).fill(shape.padId);
  const positions = new Int32Array(size);
  const documents = new Int32Array(size).fill(-1);
  const goals: Goal[] = [];
  let tokens = 0;
  rows.forEach((pieces, row) => {
    let offset = row * blockLength;
    pieces.forEach(({ example, start, length }, document) => {
      const source = examples[example]!;
      ids.set(source.ids.subarray(start, start + length), offset);
      documents.fill(document, offset, offset + length);
      for (let index = 0; index < length; index++) {
        positions[offset + index] = index;
        const next = start + index + 1;
        const term = index + 1 === length ? undefined : termOfToken(source, next, terms);
        if (term !== undefined) goals.push({ position: offset + index, target: source.ids[next]!, term });
      }
      offset += length;
      tokens += length;
    });
  });
  const inputs = { ids, positions, documents, ...layOutGoals(goals, size, headRows, terms) };
  const termTokens = terms.length === 1 ? undefined : countTerms(goals, terms);
  return { inputs, tokens, trainedTokens: goals.length, termTokens };
}

/** A position whose next token is predicted. */
interface Goal {
  readonly position: number;
  readonly target: number;
  readonly term: LossTerm;
}

/** Targets at their positions, or one after the other beside the positions, and which of them each term counts. */
function layOutGoals(
  goals: readonly Goal[],
  size: number,
  headRows: number | undefined,
  terms: readonly LossTerm[],
): Record<string, Int32Array | Float32Array> {
  const capacity = headRows ?? size;
  if (goals.length > capacity) {
    throw new AttuneError("INTERNAL", `A batch has more than ${capacity} trained tokens, its bound.`);
  }
  const targets = new Int32Array(capacity).fill(ignoredLabel);
  const chosen = new Int32Array(headRows ?? 0);
  const counts = terms.length === 1 ? [] : terms.map((term) => [termInput(term), new Float32Array(capacity)] as const);
  goals.forEach(({ position, target, term }, index) => {
    const place = headRows === undefined ? position : index;
    targets[place] = target;
    if (headRows !== undefined) chosen[index] = position;
    const counted = counts[terms.indexOf(term)];
    if (counted !== undefined) counted[1][place] = 1;
  });
  return { targets, ...(headRows === undefined ? {} : { headRows: chosen }), ...Object.fromEntries(counts) };
}

function countTerms(goals: readonly Goal[], terms: readonly LossTerm[]): Record<string, number> {
  const counts = Object.fromEntries(terms.map((term) => [term, 0]));
  for (const { term } of goals) counts[term] = counts[term]! + 1;
  return counts;
}

/**
 * The most tokens that the loss of any batch of these examples counts: a batch filled with those that train the largest share
 * of their tokens (the bound of the fractional knapsack).
 */
export function trainedTokenBound(
  examples: readonly TrainingExample[],
  { rows, blockLength, terms = taskOnly }: Pick<BatchShape, "rows" | "blockLength" | "terms">,
): number {
  const sizes = examples
    .map((example) => ({ length: example.ids.length, trained: countedTokens(example, terms) }))
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

import { AttuneError } from "@attune/spec";
import { createRandomSequence } from "@attune/tensor-core";
import { processLogits, softmax } from "./process-logits.ts";
import type { Sampling } from "./sampling-options.ts";

/** Chooses the next token of one row from its logits and the ids so far. */
export type TokenChooser = (logits: ArrayLike<number>, seen: Iterable<number>) => number;

/**
 * A chooser whose draws depend on the seed and on the row's number alone, never on the rows beside it. It throws `NUMERICS` for a logit
 * that is NaN.
 */
export function createTokenChooser(sampling: Sampling, row: number): TokenChooser {
  const random = createRandomSequence(sampling.seed, `sample ${row}`);
  const greedy = !sampling.draws && sampling.repetitionPenalty === 1;
  return (logits, seen) => {
    if (greedy) return largest(logits);
    const scores = processLogits(logits, seen, sampling);
    const best = largest(scores);
    if (!sampling.draws) return best;
    const weights = softmax(scores);
    let left = random.uniform();
    for (let id = 0; id < weights.length; id++) {
      left -= weights[id]!;
      if (left < 0) return id;
    }
    return best;
  };
}

/** The first index of the largest score. Throws `NUMERICS` where a score is not a number. */
export function largest(scores: ArrayLike<number>): number {
  let best = 0;
  for (let id = 0; id < scores.length; id++) {
    if (Number.isNaN(scores[id]!)) {
      throw new AttuneError("NUMERICS", `The model gave NaN for token ${id}.`, {
        hint: "The weights hold NaN or Infinity, or overflow in their storage format; try f32 storage.",
      });
    }
    if (scores[id]! > scores[best]!) best = id;
  }
  return best;
}

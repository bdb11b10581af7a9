// Cross-entropy of a language model over row chunks of the head site: the logits of one chunk exist at a time, forward and
// backward, because the planner runs a chunk's backward straight after its forward.
//   loss = Σ_rows weight · (logsumexp(z) - z[target]) / denominator
import { AttuneError } from "@attune/spec";
import { add, concat, crossEntropy, div, gatherRows, mul, reshape, slice, sum, type Tensor } from "@attune/tensor-core";
import type { Model } from "./model.ts";
import type { Scope } from "./scope.ts";

/** What the loss is over. R is the number of rows. */
export interface LanguageModelLossOptions {
  /** Hidden states after the final norm, `[..., hidden]`. */
  readonly hidden: Tensor;
  /** `i32 [R]`: the id that follows each row; -100 leaves a row out. See `shiftLabels`. */
  readonly targets: Tensor;
  /** `f32 [R]`; without them every row counts 1. */
  readonly weights?: Tensor | undefined;
  /** `f32 [1]`: what the sum is divided by, fixed by the host for the whole optimizer step. */
  readonly denominator: Tensor;
  /** `i32 [R]`: rows of `hidden` that the targets belong to. Without them, all rows in order. */
  readonly rows?: Tensor | undefined;
  /** Largest size of one chunk's logits. Default 16 MiB. */
  readonly chunkBytes?: number | undefined;
}

/** The loss, and the loss of each row before weighting. */
export interface LanguageModelLoss {
  /** `f32 [1]`. */
  readonly loss: Tensor;
  /** `f32 [R]`, in nats; 0 where the target is -100. */
  readonly rowLosses: Tensor;
}

/** Loss of next tokens. The head is crossed once a chunk, so an adapted head is adapted in every one. */
export function languageModelLoss(
  model: Pick<Model, "family" | "config">,
  scope: Scope,
  { hidden, targets, weights, denominator, rows, chunkBytes = 16 * 2 ** 20 }: LanguageModelLossOptions,
): LanguageModelLoss {
  const { family, config } = model;
  const count = targets.shape[0]!;
  const flat = reshape(hidden, [
    hidden.shape.slice(0, -1).reduce((product, size) => product * size, 1),
    config.hiddenSize,
  ]);
  if (rows === undefined && flat.shape[0] !== count) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Expected one target for each of ${flat.shape[0]} hidden rows, got ${count}.`,
    );
  }
  const chosen = rows === undefined ? flat : gatherRows(flat, rows);
  const parts: Tensor[] = [];
  const sums: Tensor[] = [];
  for (const { start, length } of rowChunks(count, config.vocabularySize, chunkBytes)) {
    const take = (x: Tensor): Tensor => (length === count ? x : slice(x, { axis: 0, start, length }));
    const logits = family.head(scope, config, take(chosen));
    const [losses] = crossEntropy(logits, take(targets));
    parts.push(losses);
    sums.push(sum(weights === undefined ? losses : mul(losses, take(weights)), { axes: [0], keepDims: true }));
  }
  return {
    loss: div(
      sums.reduce((total, part) => add(total, part)),
      denominator,
    ),
    rowLosses: parts.length === 1 ? parts[0]! : concat(parts, 0),
  };
}

/** Splits rows so that the logits of one chunk take at most `chunkBytes`, in equal chunks of a multiple of 16 rows. */
export function rowChunks(
  count: number,
  vocabularySize: number,
  chunkBytes: number,
): { start: number; length: number }[] {
  const largest = Math.max(16, Math.floor(chunkBytes / (4 * vocabularySize) / 16) * 16);
  const chunks = Math.ceil(count / largest);
  const size = Math.min(largest, Math.ceil(count / chunks / 16) * 16);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => ({
    start: index * size,
    length: Math.min(size, count - index * size),
  }));
}

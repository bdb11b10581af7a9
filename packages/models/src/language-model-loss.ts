// Cross-entropy of a language model over row chunks of the head site: the logits of one chunk exist at a time, forward and
// backward, because the planner runs a chunk's backward straight after its forward.
//   loss = Σ_rows weight · (logsumexp(z) - z[target]) / denominator
import { AttuneError } from "@attune/spec";
import { add, concat, crossEntropy, div, mul, reshape, split, sum, type Tensor } from "@attune/tensor-core";
import type { Model } from "./model.ts";
import type { Scope } from "./scope.ts";

/** What the loss is over. R is the number of rows. */
export interface LanguageModelLossOptions {
  /** Hidden states after the final norm, `[..., hidden]`: R rows in all. */
  readonly hidden: Tensor;
  /** `i32 [R]`: the id that follows each row; -100 leaves a row out. See `shiftLabels`. */
  readonly targets: Tensor;
  /** `f32 [R]`; without them every row counts 1. */
  readonly weights?: Tensor | undefined;
  /** `f32 [1]`: what the sum is divided by, fixed by the host for the whole optimizer step. */
  readonly denominator: Tensor;
  /** Largest size of one chunk's logits. Default 256 rows, but 16 to 64 MiB, or twice the head's weight if that is trained and larger. */
  readonly chunkBytes?: number | undefined;
}

/** The loss, and the loss of each row before weighting. */
export interface LanguageModelLoss {
  /** `f32 [1]`. */
  readonly loss: Tensor;
  /** `f32 [R]`, in nats; 0 where the target is -100. */
  readonly rowLosses: Tensor;
}

/**
 * Loss of next tokens. The head is crossed once a chunk, so an adapted head is adapted in every one.
 *
 * @throws AttuneError `SHAPE_MISMATCH` unless there is a target for each row
 */
export function languageModelLoss(
  model: Pick<Model, "family" | "config" | "specs" | "parameters">,
  scope: Scope,
  { hidden, targets, weights, denominator, chunkBytes = defaultChunkBytes(model) }: LanguageModelLossOptions,
): LanguageModelLoss {
  const { family, config } = model;
  const count = targets.shape[0]!;
  const flat = reshape(hidden, [
    hidden.shape.slice(0, -1).reduce((product, size) => product * size, 1),
    config.hiddenSize,
  ]);
  if (flat.shape[0] !== count) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Expected one target for each of ${flat.shape[0]} hidden rows, got ${count}.`,
    );
  }
  const sizes = rowChunks(count, config.vocabularySize, chunkBytes);
  const chunksOf = (x: Tensor): readonly Tensor[] => (sizes.length === 1 ? [x] : split(x, { axis: 0, sizes }));
  const [hiddenChunks, targetChunks] = [chunksOf(flat), chunksOf(targets)];
  const weightChunks = weights === undefined ? [] : chunksOf(weights);
  const losses = sizes.map((_, index) => {
    const logits = family.head(scope, config, hiddenChunks[index]!);
    return crossEntropy(logits, targetChunks[index]!)[0];
  });
  const sums = losses.map((part, index) => {
    const weighted = weightChunks[index] ? mul(part, weightChunks[index]) : part;
    return sum(weighted, { axes: [0], keepDims: true });
  });
  const total = sums.reduce((left, right) => add(left, right));
  return { loss: div(total, denominator), rowLosses: losses.length === 1 ? losses[0]! : concat(losses, 0) };
}

/**
 * Every chunk reads the whole weight, which costs a CPU as much as some 16 of its rows; hence no fewer than 256 where memory allows it.
 * The gradient of a trained head is as large as the head. A chunk of twice its size frees, once it went backward, what the
 * gradients took, so the planner can run it to its end before the next.
 */
function defaultChunkBytes({ specs, parameters, config }: Pick<Model, "specs" | "parameters" | "config">): number {
  const trained = specs.some(({ name, role }) => role === "head" && parameters.get(name)?.kind === "state");
  const rows = Math.min(64 * 2 ** 20, 256 * 4 * config.vocabularySize);
  return Math.max(16 * 2 ** 20, rows, trained ? 8 * config.vocabularySize * config.hiddenSize : 0);
}

/** Sizes of row chunks whose logits take at most `chunkBytes` each: equal, and whole tiles of 16 rows but for the last. */
export function rowChunks(count: number, vocabularySize: number, chunkBytes: number): number[] {
  const largest = Math.max(16, Math.floor(chunkBytes / (4 * vocabularySize) / 16) * 16);
  const chunks = Math.ceil(count / largest);
  const size = Math.min(largest, Math.ceil(count / chunks / 16) * 16);
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => Math.min(size, count - index * size));
}

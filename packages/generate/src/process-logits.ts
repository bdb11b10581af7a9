// What happens to logits before a token is drawn, in the order of Transformers: repetition penalty (Keskar et al., arXiv
// 1909.05858), temperature, top-k (Fan et al., arXiv 1805.04833), top-p (Holtzman et al., arXiv 1904.09751), min-p (Nguyen et
// al., arXiv 2407.01082). Tokens that are removed get -Infinity.
import type { Sampling } from "./sampling-options.ts";

/** Applies the options to the logits of one row. */
export function processLogits(logits: ArrayLike<number>, seen: Iterable<number>, sampling: Sampling): Float64Array {
  const scores = penalise(new Float64Array(logits), seen, sampling.repetitionPenalty);
  if (!sampling.draws) return scores;
  if (sampling.temperature !== 1) for (let id = 0; id < scores.length; id++) scores[id]! /= sampling.temperature;
  keepTopK(scores, sampling.topK);
  keepTopP(scores, sampling.topP);
  keepMinP(scores, sampling.minP);
  return scores;
}

/** Makes tokens that were seen less likely (or more, below 1), each once. */
export function penalise(scores: Float64Array, seen: Iterable<number>, penalty: number): Float64Array {
  if (penalty === 1) return scores;
  for (const id of new Set(seen)) scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  return scores;
}

function keepTopK(scores: Float64Array, count: number): void {
  if (count >= scores.length) return;
  const least = scores.toSorted()[scores.length - count]!;
  removeWhere(scores, (score) => score < least);
}

function keepTopP(scores: Float64Array, share: number): void {
  if (share >= 1) return;
  const weights = softmax(scores);
  const sorted = weights.toSorted();
  let kept = 0;
  for (let sum = 0; kept === 0 || (sum < share && kept < sorted.length); kept++) sum += sorted.at(-1 - kept)!;
  const least = sorted.at(-kept)!;
  let equals = kept - weights.reduce((count, weight) => count + Number(weight > least), 0);
  for (let id = scores.length - 1; id >= 0; id--) {
    if (weights[id]! < least || (weights[id] === least && equals-- <= 0)) scores[id] = Number.NEGATIVE_INFINITY;
  }
}

function keepMinP(scores: Float64Array, share: number): void {
  if (share === 0) return;
  const weights = softmax(scores);
  const least = share * weights.reduce((most, weight) => Math.max(most, weight), 0);
  removeWhere(scores, (_, id) => weights[id]! < least);
}

function removeWhere(scores: Float64Array, removed: (score: number, id: number) => boolean): void {
  for (let id = 0; id < scores.length; id++) if (removed(scores[id]!, id)) scores[id] = Number.NEGATIVE_INFINITY;
}

/** Probabilities of scores. */
export function softmax(scores: Float64Array): Float64Array {
  const most = scores.reduce((largest, score) => Math.max(largest, score), Number.NEGATIVE_INFINITY);
  const weights = scores.map((score) => Math.exp(score - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Natural logarithms of the probabilities of scores. */
export function logSoftmax(scores: Float64Array): Float64Array {
  const most = scores.reduce((largest, score) => Math.max(largest, score), Number.NEGATIVE_INFINITY);
  const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0));
  return scores.map((score) => score - most - total);
}

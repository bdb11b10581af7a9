// The parts of a language model's loss, each the mean over its own tokens of an optimizer step:
//   L = mean over trained tokens + λ_prompt · mean over prompt tokens + λ_replay · mean over tokens of replay
// A mean of its own keeps a row's one trained token from drowning among the hundred of its prompt or of a replayed text. The weight of
// prompts is the prompt loss weight of Huerta-Enochian and Ko, Instruction Fine-Tuning: Does Prompt Loss Matter?, arXiv 2401.13586.
import { ignoredLabel } from "@attune/tensor-core";
import type { TrainingExample } from "./training-example.ts";

/** What the loss of a token counts towards: the task, which is called `loss`, the text of a prompt, or replay. */
export type LossTerm = "loss" | "prompt" | "replay";

/** Weights of the terms beside the task's, which counts 1. A term without a weight is left out. */
export interface LossTermWeights {
  /** Tokens that are not trained otherwise: the model also learns to predict the text it is asked about. Default 0. */
  readonly prompt?: number | undefined;
  /** Rows marked as replay. Without a weight they count as the task's. */
  readonly replay?: number | undefined;
}

/** The terms of a loss, the task's first. */
export function lossTerms({ prompt = 0, replay }: LossTermWeights = {}): LossTerm[] {
  return ["loss", ...(prompt > 0 ? (["prompt"] as const) : []), ...(replay === undefined ? [] : (["replay"] as const))];
}

/** The term that a token of a row counts towards; undefined where it counts towards none. */
export function termOfToken(
  { labels, replay }: TrainingExample,
  token: number,
  terms: readonly LossTerm[],
): LossTerm | undefined {
  if (labels[token] === ignoredLabel) return terms.includes("prompt") && !replay ? "prompt" : undefined;
  return replay && terms.includes("replay") ? "replay" : "loss";
}

/** Number of tokens of a row that count towards any term; the first token of a row is never predicted. */
export function countedTokens(example: TrainingExample, terms: readonly LossTerm[]): number {
  let count = 0;
  for (let token = 1; token < example.ids.length; token++) {
    if (termOfToken(example, token, terms) !== undefined) count++;
  }
  return count;
}

/** Name of the batch input that says, with 1 and 0, which targets a term counts. */
export function termInput(term: LossTerm): string {
  return `counts.${term}`;
}

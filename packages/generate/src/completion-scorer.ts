import type { Tokenizer } from "@attune/spec";
import { encodePrompt } from "./encode-prompt.ts";
import type { IdRow } from "./score-plan.ts";
import type { CompletionScore, ScoreOptions, Scorer } from "./scorer.ts";

/** A completion to score, in text or in ids. */
export type CompletionRow = { readonly prompt: string; readonly completion: string } | IdRow;

/** Scores rows of text or ids. Prompt and completion are tokenised apart; a prompt begins as the tokenizer begins texts. */
export function completionScorer(
  scorer: Scorer,
  tokenizer: Tokenizer,
): (rows: readonly CompletionRow[], options?: ScoreOptions) => Promise<CompletionScore[]> {
  return (rows, options) => {
    const prompts = new Map<string, number[]>();
    const idsOf = (text: string): number[] => {
      const known = prompts.get(text) ?? encodePrompt(tokenizer, text);
      prompts.set(text, known);
      return known;
    };
    const encoded = rows.map(
      (row): IdRow =>
        "prompt" in row ? { promptIds: idsOf(row.prompt), completionIds: tokenizer.encode(row.completion).ids } : row,
    );
    return scorer.score(encoded, options);
  };
}

import type { CompletionScorer } from "../src/index.ts";

/** Gives each token log-probability -ln(2) / (1 + context / 8): context helps, so windows matter. */
export const scoreIds: CompletionScorer = async (rows) =>
  rows.map((row) => {
    if ("prompt" in row) return { logprob: -row.completion.length, tokens: row.completion.length, greedy: false };
    let logprob = 0;
    for (let index = 0; index < row.completionIds.length; index++)
      logprob -= Math.LN2 / (1 + (row.promptIds.length + index) / 8);
    return { logprob, tokens: row.completionIds.length, greedy: false };
  });

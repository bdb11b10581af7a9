import { createScorer } from "@attune/generate";
import type { Toolbox } from "../toolbox/toolbox.ts";
import { createScoreReader, type Rows, type ScoreRow, type TextOptions } from "./read-rows.ts";
import { type UseModelOptions, withRowModel } from "./use-model.ts";

/** Which rows are scored, and by which model. */
export interface ScoreRowsOptions extends UseModelOptions, TextOptions {
  /** Rows of `prompt` and `completion`, or of `prompt_ids` and `completion_ids`. */
  readonly rows: Rows;
  /** Tokens that are run at once. Default 2048. */
  readonly tokensPerRun?: number | undefined;
}

/** The score of one row. */
export interface ScoredRow {
  readonly index: number;
  /** Natural log-probability of the completion after the prompt, summed over its tokens. */
  readonly logprob: number;
  readonly tokens: number;
  /** Whether greedy decoding would say it. */
  readonly greedy: boolean;
}

/** Scores the completion of each row after its prompt. `seconds` is the time of scoring alone. */
export function scoreRows(
  toolbox: Toolbox,
  options: ScoreRowsOptions,
): Promise<{ readonly rows: readonly ScoredRow[]; readonly seconds: number }> {
  const { signal, onProgress, tokensPerRun } = options;
  return withRowModel(toolbox, options, async (runtime, { model, tokenizer, visitors }) => {
    const read = createScoreReader(tokenizer, options);
    const rows: ScoreRow[] = [];
    for await (const row of options.rows) rows.push(read(row, rows.length));
    const scorer = createScorer(runtime, model, { visitors, tokensPerRun });
    const started = performance.now();
    const scores = await scorer.score(rows, { signal, onProgress });
    const seconds = (performance.now() - started) / 1000;
    return {
      rows: scores.map(({ logprob, tokens, greedy }, index) => ({ index, logprob, tokens, greedy })),
      seconds,
    };
  });
}

import type { ProgressListener, Tokenizer } from "@attune/spec";

/** A prompt and what should follow it, as text (tokenised apart) or as ids (taken as they are). */
export type CompletionRow =
  | { readonly prompt: string; readonly completion: string }
  | { readonly promptIds: ArrayLike<number>; readonly completionIds: ArrayLike<number> };

/** What a model says about one completion. */
export interface CompletionScore {
  /** Natural-log probability of the completion given the prompt, summed over its tokens. */
  readonly logprob: number;
  /** Tokens of the completion. */
  readonly tokens: number;
  /** Whether greedy decoding would say exactly this. */
  readonly greedy: boolean;
}

/**
 * Scores a batch of completions, one result a row, in order. Rows that share a prompt come next to each other, so an
 * implementation may do the prompt's work once.
 */
export type CompletionScorer = (
  rows: readonly CompletionRow[],
  options?: {
    readonly signal?: AbortSignal | undefined;
    /** May be told how many of these rows are done. */
    readonly onProgress?: ProgressListener | undefined;
  },
) => Promise<readonly CompletionScore[]>;

/** One generated text. */
export interface GeneratedText {
  readonly text: string;
  /** Tokens that were generated. */
  readonly tokens: number;
  /** Whether it ended by itself or at the limit. */
  readonly finish: "stop" | "length";
}

/** Continues a batch of prompts, given as text or as ids, one text a prompt, in order. */
export type TextGenerator = (
  prompts: readonly (string | ArrayLike<number>)[],
  options: {
    readonly maxNewTokens: number;
    readonly stop?: readonly string[] | undefined;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<readonly GeneratedText[]>;

/** The model under test as plain functions; this package never imports one. */
export interface EvaluationModel {
  /** Name in results, for example `base` or `adapted`. */
  readonly id: string;
  readonly score: CompletionScorer;
  /** Needed by generation tasks only. */
  readonly generate?: TextGenerator | undefined;
  /** Needed by perplexity tasks, and where prompts are cut to a number of tokens. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Most tokens that prompt and completion may have together. */
  readonly contextLength?: number | undefined;
}

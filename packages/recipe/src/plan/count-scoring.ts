// Counts what judging a model takes by asking the tasks themselves: a model that only writes down what it is asked.
import type { EvaluationModel, Task } from "@attune/eval-bench";
import { encodePrompt, type ScoreShape, scoreShapes } from "@attune/generate";
import type { Model } from "@attune/models";
import type { Tokenizer } from "@attune/spec";

/** What tasks ask of a model. */
export interface ScoringCount {
  /** Runs of the scorer. */
  readonly shapes: readonly ScoreShape[];
  /** Prompts that are continued, and new tokens of all at most. */
  readonly generated: { readonly prompts: number; readonly tokens: number; readonly longest: number };
}

/** Asks the tasks of a model that answers nothing. */
export async function countScoring(
  tasks: readonly Task[],
  { model, tokenizer }: { readonly model: Model; readonly tokenizer: Tokenizer },
  options: { readonly batchSize: number; readonly tokensPerRun: number },
): Promise<ScoringCount> {
  const shapes: ScoreShape[] = [];
  const generated = { prompts: 0, tokens: 0, longest: 0 };
  const recorder: EvaluationModel = {
    id: "plan",
    tokenizer,
    contextLength: model.contextLength,
    async score(rows) {
      const encoded = rows.map((row) =>
        "prompt" in row
          ? { promptIds: encodePrompt(tokenizer, row.prompt), completionIds: tokenizer.encode(row.completion).ids }
          : row,
      );
      shapes.push(...scoreShapes(model, encoded, options.tokensPerRun));
      return encoded.map(({ completionIds }) => ({ logprob: -1, tokens: completionIds.length, greedy: false }));
    },
    async generate(prompts, { maxNewTokens }) {
      generated.prompts += prompts.length;
      generated.tokens += prompts.length * maxNewTokens;
      for (const prompt of prompts) {
        const ids = typeof prompt === "string" ? encodePrompt(tokenizer, prompt) : prompt;
        generated.longest = Math.max(generated.longest, ids.length + maxNewTokens);
      }
      return prompts.map(() => ({ text: "", tokens: 0, finish: "length" as const }));
    },
  };
  for (const task of tasks) await task.predict(recorder, { batchSize: options.batchSize });
  return { shapes, generated };
}

import type { EvaluationModel } from "@attune/eval-bench";
import { completionScorer, createGenerator, createScorer, generateText } from "@attune/generate";
import type { Model, SiteVisitor } from "@attune/models";
import type { Tokenizer } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";

/** A model in a runtime that is asked and scored. */
export interface JudgedModel {
  readonly id: string;
  readonly runtime: Runtime;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** Its adapter; none is the base. */
  readonly visitors?: readonly SiteVisitor[] | undefined;
  /** Tokens that are scored at once. */
  readonly tokensPerRun: number;
}

/** The functions that evaluations call, and the way to free their programs. */
export function createEvaluationModel(judged: JudgedModel): EvaluationModel & { dispose(): void } {
  const { id, runtime, model, tokenizer, visitors, tokensPerRun } = judged;
  const scorer = createScorer(runtime, model, { visitors, tokensPerRun });
  const generator = createGenerator(runtime, model, { visitors, batch: 16 });
  return {
    id,
    tokenizer,
    contextLength: model.contextLength,
    score: completionScorer(scorer, tokenizer),
    async generate(prompts, { maxNewTokens, stop, signal }) {
      const made = await generateText(generator, tokenizer, prompts, { maxNewTokens, stopTexts: stop, signal });
      return made.map(({ text, ids, finish }) => ({ text, tokens: ids.length, finish }));
    },
    dispose() {
      scorer.dispose();
      generator.dispose();
    },
  };
}

import { addModelOptions, type ModelOptions } from "../options/model-options.ts";
import type { Verb } from "../verb.ts";

export interface ScoreOptions extends ModelOptions {
  readonly input: string;
  readonly parseSpecialTokens?: boolean;
}

/** Log-probabilities of completions. */
export const scoreVerb: Verb<ScoreOptions> = {
  name: "score",
  summary: "log-probability of each completion after its prompt",
  examples: [
    "attune score --model attune:tiny --input rows.jsonl --json",
    `echo '{"prompt":"The capital of France is","completion":" Paris"}' | attune score --model ./my-model --input -`,
  ],
  computes: true,
  interruptible: true,
  configure(command) {
    addModelOptions(command);
    command
      .requiredOption(
        "--input <file>",
        "JSONL rows of prompt and completion, or of prompt_ids and completion_ids; - is stdin",
      )
      .option("--parse-special-tokens", "read special tokens that a text spells out as such, not as plain text");
  },
  load: async () => (await import("../actions/score.ts")).score,
};

import { addModelOptions, type ModelOptions } from "../options/model-options.ts";
import { collectWords, integerFrom, numberIn } from "../options/option-parsers.ts";
import type { Verb } from "../verb.ts";

export interface GenerateOptions extends ModelOptions {
  readonly prompt?: string;
  readonly input?: string;
  readonly maxNewTokens: number;
  readonly greedy?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly numBeams?: number;
  readonly stop: readonly string[];
  readonly parseSpecialTokens?: boolean;
}

/** Continuations of prompts. */
export const generateVerb: Verb<GenerateOptions> = {
  name: "generate",
  summary: "continue prompts",
  examples: [
    'attune generate --model attune:tiny --prompt "Once upon a time" --max-new-tokens 60 --temperature 0.8 --top-p 0.95 --seed 7',
    "attune generate --model ./my-model --adapter ./run/adapter --input rows.jsonl --greedy --json",
  ],
  computes: true,
  interruptible: true,
  configure(command) {
    addModelOptions(command);
    command
      .option("--prompt <text>", "one prompt")
      .option("--input <file>", "JSONL rows of prompt, prompt_ids or messages; - is stdin")
      .option("--max-new-tokens <number>", "at most this many new tokens a row", integerFrom(1), 128)
      .option("--stop <text>", "text that ends a row; repeatable", collectWords, [])
      .option("--parse-special-tokens", "read special tokens that a text spells out as such, not as plain text")
      .optionsGroup("Choice of tokens (without any of these, the most likely one):")
      .option("--greedy", "always the most likely token")
      .option("--temperature <number>", "divides the logits; lower is more certain", numberIn({ minimum: 0 }))
      .option("--top-k <number>", "draw from the k most likely tokens", integerFrom(1))
      .option(
        "--top-p <share>",
        "draw from the smallest set that reaches this probability",
        numberIn({ above: 0, maximum: 1 }),
      )
      .option(
        "--min-p <share>",
        "draw from tokens of at least this share of the largest probability",
        numberIn({ minimum: 0, maximum: 1 }),
      )
      .option(
        "--repetition-penalty <number>",
        "above 1 makes tokens of the text so far less likely",
        numberIn({ above: 0 }),
      )
      .option("--num-beams <number>", "beam search over so many prefixes", integerFrom(1));
  },
  load: async () => (await import("../actions/generate.ts")).generate,
};

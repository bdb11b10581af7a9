import type { OutputOptions, Verb } from "../verb.ts";

export interface TokenizeOptions extends OutputOptions {
  readonly tokenizer: string;
  readonly input: string;
  readonly lines?: boolean;
  readonly decode?: boolean;
  readonly addSpecialTokens?: boolean;
  readonly skipSpecialTokens?: boolean;
  readonly literal?: boolean;
}

/** Text to ids and back. */
export const tokenizeVerb: Verb<TokenizeOptions> = {
  name: "tokenize",
  summary: "turn text into token ids, and ids into text",
  examples: [
    "attune tokenize --tokenizer ./my-model --input text.txt --json",
    `echo '{"ids":[464,2746]}' | attune tokenize --tokenizer vocab.gguf --input - --decode`,
  ],
  configure(command) {
    command
      .requiredOption("--tokenizer <path>", "tokenizer.json, its folder, a .gguf file, or a model's name")
      .requiredOption("--input <file>", "text to encode, or ids to decode; - is stdin")
      .option("--lines", "one result a line of the input")
      .option("--decode", 'read {"ids":[...]} and print the text')
      .option("--add-special-tokens", "add what the tokenizer puts around a text, such as BOS")
      .option("--skip-special-tokens", "leave special tokens out of a decoded text")
      .option("--literal", "read special tokens that the text spells out as plain text");
  },
  load: async () => (await import("../actions/tokenize.ts")).tokenize,
};

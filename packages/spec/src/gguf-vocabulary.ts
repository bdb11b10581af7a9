/** The vocabulary that a GGUF file holds: `@attune/weights` reads it, `@attune/tokenizer-core` makes a tokenizer of it. */
export interface GgufVocabulary {
  /** Path of the file, for errors. */
  readonly file: string;
  /** `tokenizer.ggml.model`: `gpt2`, `llama`, `bert`. */
  readonly model: string;
  /** `tokenizer.ggml.pre`: which pre-tokenizer. */
  readonly pre: string | undefined;
  readonly tokens: readonly string[];
  /** Pairs `left right`, best first. */
  readonly merges: readonly string[] | undefined;
  readonly scores: Float32Array | undefined;
  /** 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. */
  readonly tokenTypes: Int32Array | undefined;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly unknownId: number | undefined;
  readonly paddingId: number | undefined;
  /** `seperator_token_id`, as llama.cpp spells it in files, or `separator_token_id`. */
  readonly separatorId: number | undefined;
  readonly addBos: boolean | undefined;
  readonly addEos: boolean | undefined;
  readonly addSpacePrefix: boolean | undefined;
  readonly chatTemplate: string | undefined;
}

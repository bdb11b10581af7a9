import { AttuneError, createRegistry, type Tokenizer } from "@attune/spec";
import { createTokenizer } from "../create-tokenizer.ts";
import type { TokenizerPlugin } from "../tokenizer-plugin.ts";

/** The vocabulary that a GGUF file holds, as `@attune/weights` reads it. */
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
  readonly addBos: boolean | undefined;
  readonly addEos: boolean | undefined;
  readonly addSpacePrefix: boolean | undefined;
  readonly chatTemplate: string | undefined;
}

/** Makes a tokenizer of a GGUF vocabulary. An unknown model is an error that names those the plugins know. */
export function tokenizerFromGguf(vocabulary: GgufVocabulary, plugins: readonly TokenizerPlugin[]): Tokenizer {
  const registry = createRegistry<TokenizerPlugin>("tokenizer-model", plugins);
  const known: string[] = [];
  for (const plugin of registry.list()) {
    const convert = plugin.gguf;
    if (convert && Object.hasOwn(convert, vocabulary.model)) {
      return createTokenizer(convert[vocabulary.model]!(vocabulary), plugins);
    }
    known.push(...Object.keys(convert ?? {}));
  }
  throw new AttuneError(
    "FILE_UNSUPPORTED",
    `${vocabulary.file}: tokenizer.ggml.model is "${vocabulary.model}", which no tokenizer plugin knows.`,
    { hint: `Known are ${known.sort().join(", ")}.`, details: { file: vocabulary.file, known } },
  );
}

import { AttuneError, createRegistry, type GgufVocabulary, type Tokenizer } from "@attune/spec";
import { createTokenizer } from "../create-tokenizer.ts";
import type { TokenizerPlugin } from "../tokenizer-plugin.ts";

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

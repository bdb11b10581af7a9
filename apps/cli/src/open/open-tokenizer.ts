import type { Tokenizer } from "@attune/spec";
import plugins from "@attune/tokenizer-bpe";
import { loadTokenizer, tokenizerFromGguf } from "@attune/tokenizer-core";
import { readGgufVocabulary } from "@attune/weights";

/** Opens a tokenizer: `tokenizer.json`, its folder, or the vocabulary of a `.gguf` file. */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  if (path.toLowerCase().endsWith(".gguf")) return tokenizerFromGguf(await readGgufVocabulary(path), plugins);
  return loadTokenizer(path, plugins);
}

import type { Tokenizer } from "@attune/spec";
import { createTokenizer } from "../create-tokenizer.ts";
import type { TokenizerPlugin } from "../tokenizer-plugin.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts";

/**
 * Loads a tokenizer from a `tokenizer.json`, from its folder (with tokenizer_config.json, special_tokens_map.json and
 * chat template beside it), or from files that are parsed already. The plugins say which models can be read. A `chatTemplate` takes
 * the place of the one that is found.
 */
export async function loadTokenizer(
  source: string | TokenizerFiles,
  plugins: readonly TokenizerPlugin[],
  { chatTemplate }: { readonly chatTemplate?: string | undefined } = {},
): Promise<Tokenizer> {
  const files = typeof source === "string" ? await readTokenizerFiles(source) : source;
  return createTokenizer(chatTemplate === undefined ? files : { ...files, chatTemplate }, plugins);
}

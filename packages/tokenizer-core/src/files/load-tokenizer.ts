import type { Tokenizer } from "@attune/spec";
import { createTokenizer } from "../create-tokenizer.ts";
import type { TokenizerPlugin } from "../tokenizer-plugin.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts";

/**
 * Loads a tokenizer from a `tokenizer.json`, from its folder (with tokenizer_config.json, special_tokens_map.json and
 * chat template beside it), or from files that are parsed already. The plugins say which models can be read.
 */
export async function loadTokenizer(
  source: string | TokenizerFiles,
  plugins: readonly TokenizerPlugin[],
): Promise<Tokenizer> {
  return createTokenizer(typeof source === "string" ? await readTokenizerFiles(source) : source, plugins);
}

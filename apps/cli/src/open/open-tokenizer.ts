import { existsSync } from "node:fs";
import type { Tokenizer } from "@attune/spec";
import plugins from "@attune/tokenizer-bpe";
import { loadTokenizer, tokenizerFromGguf } from "@attune/tokenizer-core";
import { readGgufVocabulary } from "@attune/weights";
import type { Host } from "../host.ts";

/** Opens a tokenizer: `tokenizer.json`, its folder, the vocabulary of a `.gguf` file, or that of a named model. */
export async function openTokenizer(path: string, host: Host): Promise<Tokenizer> {
  if (path.toLowerCase().endsWith(".gguf")) return tokenizerFromGguf(await readGgufVocabulary(path), plugins);
  const isName = path.includes(":") && !existsSync(path);
  return loadTokenizer(isName ? await namedModel(path, host) : path, plugins);
}

async function namedModel(name: string, host: Host): Promise<string> {
  const [{ resolveModel }, { openToolbox }] = await Promise.all([
    import("@attune/recipe"),
    import("./open-toolbox.ts"),
  ]);
  return resolveModel(await openToolbox(host, []), name);
}

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile, hashJson } from "@attune/run-folder";
import { type JsonObject, toAttuneError } from "@attune/spec";
import { readTokenizerFiles } from "@attune/tokenizer-core";

/** A hash of everything in a folder that numbers depend on: names and contents of its files. */
export async function hashFolder(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && /\.(json|safetensors|jinja|txt|model)$/.test(entry.name))
      .map((entry) => entry.name)
      .sort();
    const hashes: [string, string][] = [];
    for (const name of names) hashes.push([name, await hashFile(join(folder, name))]);
    return hashJson(hashes);
  } catch (error) {
    throw toAttuneError(error);
  }
}

/** A hash of a tokenizer in a folder, or in a `tokenizer.json` with what lies beside it. */
export async function hashTokenizer(path: string): Promise<string> {
  if ((await stat(path)).isDirectory()) return hashFolder(path);
  const { source: _, ...content } = await readTokenizerFiles(path);
  return hashJson(content as unknown as JsonObject);
}

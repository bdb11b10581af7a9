import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hashFile, hashJson } from "@attune/run-folder";
import { toAttuneError } from "@attune/spec";

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

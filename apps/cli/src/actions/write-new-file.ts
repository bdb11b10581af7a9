import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { toAttuneError } from "@attune/spec";

/** Writes a file, and the folder that it is to lie in. Throws `FILE_EXISTS` for one that is there. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    throw toAttuneError(error);
  }
}

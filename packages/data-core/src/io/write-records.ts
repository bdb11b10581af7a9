import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { removeTemporariesOf, writeFileAtomic } from "@attune/run-folder";

/** What was written to a JSON Lines file. */
export interface WrittenFile {
  /** Number of rows. */
  readonly records: number;
  /** Size in bytes. */
  readonly bytes: number;
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
}

const batchLength = 2 ** 18;

/**
 * Writes rows as JSON Lines while they come: a row is taken only when the last batch (256 Ki characters) is on its way to disk.
 * The file appears under its name when it is whole; after an error or an abort nothing is left, and what a kill left goes with the
 * next write.
 */
export async function writeJsonLines(
  path: string,
  rows: AsyncIterable<object> | Iterable<object>,
): Promise<WrittenFile> {
  await mkdir(dirname(path), { recursive: true });
  await removeTemporariesOf(path);
  const sha256 = createHash("sha256");
  let records = 0;
  let bytes = 0;
  async function* batches(): AsyncGenerator<Uint8Array> {
    let lines = "";
    const flush = (): Uint8Array => {
      const batch = Buffer.from(lines, "utf8");
      lines = "";
      sha256.update(batch);
      bytes += batch.length;
      return batch;
    };
    for await (const row of rows) {
      lines += `${JSON.stringify(row)}\n`;
      records += 1;
      if (lines.length >= batchLength) yield flush();
    }
    if (lines !== "") yield flush();
  }
  await writeFileAtomic(path, batches());
  return { records, bytes, hash: sha256.digest("hex") };
}

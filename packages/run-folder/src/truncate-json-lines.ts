import type { JsonValue } from "@attune/spec";
import { fileError, isNotFound } from "./file-error.ts";
import { readJsonLines } from "./read-json-lines.ts";
import { withHandle } from "./sync.ts";

/** What `truncateJsonLines` did. */
export interface TruncateResult {
  /** Records that stayed. */
  readonly kept: number;
  /** Bytes that were cut off. */
  readonly removedBytes: number;
}

/**
 * Cuts a JSON-lines file back, for example to the last checkpoint: keeps the first `keep` records, or the records
 * before the first one for which `keep` is false. A last line without a line feed (a killed writer's) goes in any
 * case; a missing file counts as empty. The cut is one system call, so a kill leaves the file whole or cut.
 *
 * Throws `FILE_CORRUPT` with file and line when a record before the cut cannot be read.
 */
export async function truncateJsonLines(
  path: string,
  keep: number | ((value: JsonValue, index: number) => boolean),
): Promise<TruncateResult> {
  const keeps = typeof keep === "number" ? (_value: JsonValue, index: number) => index < keep : keep;
  let kept = 0;
  let length = 0;
  try {
    for await (const { value, end } of readJsonLines(path, { ignoreTornEnd: true })) {
      if (!keeps(value, kept)) break;
      kept += 1;
      length = end;
    }
    return { kept, removedBytes: await cutTo(path, length) };
  } catch (error) {
    if (isNotFound(error)) return { kept: 0, removedBytes: 0 };
    throw fileError(error, path);
  }
}

async function cutTo(path: string, length: number): Promise<number> {
  return await withHandle(path, "r+", async (handle) => {
    const { size } = await handle.stat();
    await handle.truncate(length);
    await handle.sync();
    return size - length;
  });
}

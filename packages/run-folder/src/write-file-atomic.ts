import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "./file-error.ts";
import { renameDurably, syncFolder } from "./sync.ts";
import { temporaryPathFor } from "./temporary-path.ts";
import { assertReplaceableFile, writtenPath } from "./written-path.ts";

/** Content of a file: text (written as UTF-8), bytes, or pieces of bytes that are written as they come. */
export type FileContent = string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Writes a file so that a kill or a power cut at any instant leaves either the old content or the new, never a part:
 * temporary name in the same folder, fsync, rename, fsync of the folder. The folder must exist.
 *
 * Throws `DISK_FULL` when there is no space; the temporary file is then removed and the old content stays. `FILE_EXISTS` where a
 * folder, a device or a pipe is there. A link stays, and what it leads to is written.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const target = await writtenPath(path);
  await assertReplaceableFile(target);
  const temporary = temporaryPathFor(target);
  try {
    const handle = await open(temporary, "wx");
    try {
      await writeContent(handle, content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await renameDurably(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, path);
  }
}

async function writeContent(handle: FileHandle, content: FileContent): Promise<void> {
  if (typeof content === "string") return writeAll(handle, Buffer.from(content, "utf8"));
  if (content instanceof Uint8Array) return writeAll(handle, content);
  for await (const piece of content) await writeAll(handle, piece);
}

/** One write call may take less than it was given: at most 2 GiB, or what the disk still holds. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  const largestWrite = 2 ** 30;
  for (let start = 0; start < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, start, Math.min(bytes.length - start, largestWrite));
    start += bytesWritten;
  }
}

import { type FileHandle, open } from "node:fs/promises";
import { createQueue, type JsonValue } from "@attune/spec";
import { fileError } from "./file-error.ts";

/** Appends records to a JSON-lines file. */
export interface JsonLinesWriter {
  /** Writes one record as one line with one system call. Throws `DISK_FULL` without space. */
  append(value: JsonValue): Promise<void>;
  /** Makes everything that was appended durable. */
  sync(): Promise<void>;
  /** Makes everything durable and closes the file; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a JSON-lines file for appending, and creates it when it is missing. A last line without a line feed, which a
 * killed writer leaves behind, is cut off first: its record was never complete. Calls to `append` keep their order
 * also when they are not awaited one by one. Throws the named errors of the file system, such as `FILE_NOT_FOUND`
 * for a folder that is not there.
 */
export async function appendJsonLines(path: string): Promise<JsonLinesWriter> {
  let handle: FileHandle;
  const queue = createQueue();
  try {
    handle = await open(path, "a+");
    await cutTornEnd(handle);
  } catch (error) {
    throw fileError(error, path);
  }
  let closed = false;
  const enqueue = (action: () => Promise<void>): Promise<void> =>
    queue(action).catch((error: unknown) => {
      throw fileError(error, path);
    });
  return {
    append: (value) => enqueue(() => writeLine(handle, value)),
    sync: () => enqueue(() => handle.sync()),
    async close() {
      if (closed) return;
      closed = true;
      try {
        await enqueue(() => handle.sync());
      } finally {
        await handle.close();
      }
    },
  };
}

/** A disk that fills up takes part of a line; the next write then fails and says so. */
async function writeLine(handle: FileHandle, value: JsonValue): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`, "utf8");
  for (let start = 0; start < bytes.length; ) {
    start += (await handle.write(bytes, start)).bytesWritten;
  }
}

async function cutTornEnd(handle: FileHandle): Promise<void> {
  const block = Buffer.alloc(2 ** 16);
  const { size } = await handle.stat();
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const lineFeed = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (lineFeed >= 0 || start === 0) {
      const length = lineFeed >= 0 ? start + lineFeed + 1 : 0;
      if (length < size) await handle.truncate(length);
      return;
    }
    end = start;
  }
}

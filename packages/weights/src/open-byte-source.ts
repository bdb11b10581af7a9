import { open } from "node:fs/promises";
import { regularFileSize } from "@attune/run-folder";
import { toAttuneError } from "@attune/spec";
import { type ByteSource, endedEarly } from "./byte-source.ts";

const largestRead = 2 ** 30;

/** Opens a file for ranged reads. Throws `FILE_NOT_FOUND`, or `INPUT_INVALID` for what is no regular file. */
export async function openByteSource(path: string): Promise<ByteSource> {
  const size = await regularFileSize(path);
  const handle = await open(path, "r").catch((error: unknown) => {
    throw toAttuneError(error);
  });
  return {
    name: path,
    size,
    async readInto(target, offset) {
      for (let start = 0; start < target.byteLength; ) {
        const length = Math.min(target.byteLength - start, largestRead);
        const { bytesRead } = await handle.read(target, start, length, offset + start);
        if (bytesRead === 0) throw endedEarly(path, target.byteLength, offset, start);
        start += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

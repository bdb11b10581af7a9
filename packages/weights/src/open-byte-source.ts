import { open } from "node:fs/promises";
import { AttuneError, toAttuneError } from "@attune/spec";
import { type ByteSource, endedEarly } from "./byte-source.ts";

const largestRead = 2 ** 30;

/** Opens a regular file for ranged reads. */
export async function openByteSource(path: string): Promise<ByteSource> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw toAttuneError(error);
  });
  const status = await handle.stat();
  if (!status.isFile()) {
    await handle.close();
    throw new AttuneError("INPUT_INVALID", `Expected a regular file at ${path}, but found something else.`, {
      details: { file: path },
    });
  }
  return {
    name: path,
    size: status.size,
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

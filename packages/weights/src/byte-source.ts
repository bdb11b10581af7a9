import { open } from "node:fs/promises";
import { AttuneError, toAttuneError } from "@attune/spec";
import { corruptFile } from "./corrupt-file.ts";

/** Something with bytes at offsets: a file that is read piece by piece, or bytes in memory. */
export interface ByteSource {
  /** Path of the file, or the name given for bytes in memory. */
  readonly name: string;
  /** Length in bytes when it was opened. */
  readonly size: number;
  /** Fills the target from a byte offset. Throws `FILE_CORRUPT` when the source ends before the target is full. */
  readInto(target: Uint8Array, offset: number): Promise<void>;
  /** Releases the file; reading afterwards is an error. */
  close(): Promise<void>;
}

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

/** Makes a source of bytes that are in memory already. */
export function byteSourceOf(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async readInto(target, offset) {
      if (offset + target.byteLength > bytes.byteLength) {
        throw endedEarly(name, target.byteLength, offset, Math.max(0, bytes.byteLength - offset));
      }
      target.set(bytes.subarray(offset, offset + target.byteLength));
    },
    close: async () => undefined,
  };
}

function endedEarly(name: string, length: number, offset: number, found: number): AttuneError {
  return corruptFile(name, `expected ${length} bytes at offset ${offset}, but the file ends after ${found} of them.`);
}

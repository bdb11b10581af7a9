import type { AttuneError } from "@attune/spec";
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

/** The error for a read past the end of a source. */
export function endedEarly(name: string, length: number, offset: number, found: number): AttuneError {
  return corruptFile(name, `expected ${length} bytes at offset ${offset}, but the file ends after ${found} of them.`);
}

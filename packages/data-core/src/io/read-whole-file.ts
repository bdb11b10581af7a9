import { AttuneError } from "@attune/spec";
import { type ReadBytesOptions, readBytes } from "./read-bytes.ts";

const maxBytes = 2 ** 28;

/**
 * Reads a file that must be held whole; gzip is unpacked. Throws `FILE_UNSUPPORTED` for more than 256 MiB of content, with what
 * to do instead.
 */
export async function readWholeFile(path: string, hint: string, options: ReadBytesOptions = {}): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of readBytes(path, options)) {
    size += piece.length;
    if (size > maxBytes) {
      throw new AttuneError(
        "FILE_UNSUPPORTED",
        `Expected a file that fits into memory, at most ${maxBytes / 2 ** 20} MiB, but ${path} holds more.`,
        { hint, details: { file: path } },
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

import { createReadStream } from "node:fs";
import { AttuneError } from "@attune/spec";
import { fileError } from "./file-error.ts";
import { regularFileSize } from "./read-regular-file.ts";

/** The bytes of one line without its line feed. */
export interface LineBytes {
  readonly bytes: Uint8Array;
  /** Byte offset after the line and its line feed. */
  readonly end: number;
  /** Whether the line ended with a line feed. */
  readonly terminated: boolean;
}

const lineFeed = 0x0a;

/** Streams the lines of a file; holds one line and one read buffer in memory. */
export async function* splitLines(path: string, maxLineBytes: number): AsyncGenerator<LineBytes> {
  let pieces: Uint8Array[] = [];
  let pending = 0;
  let offset = 0;
  let line = 1;
  const add = (piece: Uint8Array): void => {
    pending += piece.length;
    if (pending > maxLineBytes) throw lineTooLong(path, line, maxLineBytes);
    pieces.push(piece);
  };
  try {
    await regularFileSize(path);
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
      let start = 0;
      for (let stop = chunk.indexOf(lineFeed); stop >= 0; stop = chunk.indexOf(lineFeed, start)) {
        add(chunk.subarray(start, stop));
        start = stop + 1;
        yield { bytes: join(pieces), end: offset + start, terminated: true };
        pieces = [];
        pending = 0;
        line += 1;
      }
      add(chunk.subarray(start));
      offset += chunk.length;
    }
  } catch (error) {
    throw fileError(error, path);
  }
  if (pending > 0) yield { bytes: join(pieces), end: offset, terminated: false };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function lineTooLong(path: string, line: number, maximum: number): AttuneError {
  return new AttuneError(
    "FILE_UNSUPPORTED",
    `Expected lines of at most ${maximum} bytes in ${path}, but line ${line} is longer.`,
    {
      hint: "Check that the file has one record a line.",
      details: { file: path, line },
    },
  );
}

import { isUtf8 } from "node:buffer";
import { AttuneError } from "@attune/spec";
import { notText } from "./decode-text.ts";
import { type ReadBytesOptions, readBytes } from "./read-bytes.ts";

/** One line of a text file. */
export interface TextLine {
  /** Its text without the line end (LF or CR LF). */
  readonly text: string;
  /** Its number, counted from 1. */
  readonly line: number;
}

/** Limits of the line reader. */
export interface ReadLinesOptions extends ReadBytesOptions {
  /** Longest line in bytes. Default 64 MiB. */
  readonly maxLineBytes?: number | undefined;
}

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Streams the lines of a UTF-8 file (gzip is unpacked, a byte-order mark is dropped) in memory bounded by the longest
 * line. Throws `FILE_CORRUPT` for bytes that are no UTF-8 and `FILE_UNSUPPORTED` for a line over the limit, with file and line.
 */
export async function* readLines(path: string, options: ReadLinesOptions = {}): AsyncGenerator<TextLine> {
  const maximum = options.maxLineBytes ?? 2 ** 26;
  let line = 0;
  let parts: Buffer[] = [];
  let partBytes = 0;
  const finish = (tail: Buffer): TextLine => {
    line += 1;
    const bytes = parts.length === 0 ? tail : Buffer.concat([...parts, tail]);
    parts = [];
    partBytes = 0;
    return { text: decodeLine(bytes, path, line), line };
  };
  for await (const chunk of readBytes(path, options)) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      if (partBytes + end - start > maximum) throw tooLong(path, line + 1, maximum);
      yield finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    partBytes += chunk.length - start;
    if (partBytes > maximum) throw tooLong(path, line + 1, maximum);
    parts.push(chunk.subarray(start));
  }
  if (partBytes > 0) yield finish(Buffer.alloc(0));
}

function decodeLine(bytes: Buffer, path: string, line: number): string {
  if (!isUtf8(bytes)) throw notText(path, line);
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
  const text = bytes.toString("utf8", 0, end);
  return line === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function tooLong(path: string, line: number, maximum: number): AttuneError {
  return new AttuneError(
    "FILE_UNSUPPORTED",
    `Expected lines of at most ${maximum} bytes, but line ${line} of ${path} is longer.`,
    {
      hint: "Check that the file is JSON Lines, with one value a line; or raise maxLineBytes.",
      details: { file: path, line },
    },
  );
}

import { isUtf8 } from "node:buffer";
import { AttuneError } from "@attune/spec";

/** Turns pieces of bytes into text, and without a piece gives what is left. */
export type TextDecoding = (bytes?: Uint8Array) => string;

const lineFeed = 10;

/** Decodes the bytes of a file as they come. Throws `FILE_CORRUPT` with the line for bytes that are not of the encoding. */
export function decodeText(path: string, encoding: "utf-8" | "utf-16le" | "utf-16be"): TextDecoding {
  // The decoder drops a byte-order mark by itself.
  const decoder = new TextDecoder(encoding, { fatal: true });
  let lines = 0;
  return (bytes) => {
    try {
      const text = bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
      for (let at = bytes?.indexOf(lineFeed) ?? -1; at >= 0; at = bytes!.indexOf(lineFeed, at + 1)) lines += 1;
      return text;
    } catch (cause) {
      throw notText(path, lines + 1 + (encoding === "utf-8" ? linesBefore(bytes ?? new Uint8Array()) : 0), cause);
    }
  };
}

/** Bytes that are no UTF-8 are nearly always those of an older character set. */
export function notText(path: string, line: number, cause?: unknown): AttuneError {
  return new AttuneError("FILE_CORRUPT", `Expected UTF-8 text, but line ${line} of ${path} holds bytes that are not.`, {
    hint: `Save it as UTF-8 (in a spreadsheet: CSV UTF-8), or convert it: iconv -f WINDOWS-1252 -t UTF-8 ${path}`,
    cause,
    details: { file: path, line },
  });
}

/** Whole lines of a piece in front of the first one that is no UTF-8; the piece may begin within a character. */
function linesBefore(bytes: Uint8Array): number {
  let start = bytes.findIndex((byte) => (byte & 0xc0) !== 0x80);
  for (let count = 0; ; count++) {
    const end = bytes.indexOf(lineFeed, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return count;
    start = end + 1;
  }
}

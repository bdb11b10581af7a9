import { AttuneError, type JsonValue } from "@attune/spec";
import { splitLines } from "./split-lines.ts";

/** One record of a JSON-lines file and where it stands. */
export interface JsonLine {
  /** The parsed value. */
  readonly value: JsonValue;
  /** Line, counted from 1. */
  readonly line: number;
  /** Byte offset after the line's end: cutting the file here keeps the record. */
  readonly end: number;
}

/** How a JSON-lines file is read. */
export interface ReadJsonLinesOptions {
  /** Longest line in bytes. Default 64 MiB. */
  readonly maxLineBytes?: number | undefined;
  /** Stop before a last line that has no line feed: what a killed writer leaves behind. Default false: it is read. */
  readonly ignoreTornEnd?: boolean | undefined;
}

/**
 * Reads a JSON-lines file as a stream in bounded memory; empty lines are passed over, CR before LF is allowed.
 * Throws `FILE_CORRUPT` with file and line for anything that is no UTF-8 or no JSON, `FILE_UNSUPPORTED` for a line
 * over the limit, `FILE_NOT_FOUND`.
 */
export async function* readJsonLines(path: string, options: ReadJsonLinesOptions = {}): AsyncGenerator<JsonLine> {
  const { maxLineBytes = 2 ** 26, ignoreTornEnd = false } = options;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 0;
  for await (const { bytes, end, terminated } of splitLines(path, maxLineBytes)) {
    if (!terminated && ignoreTornEnd) return;
    line += 1;
    const value = parseLine(decoder, bytes, path, line);
    if (value !== undefined) yield { value, line, end };
  }
}

function parseLine(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
  path: string,
  line: number,
): JsonValue | undefined {
  try {
    const text = decoder.decode(bytes);
    const json = line === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text;
    return json.trim() === "" ? undefined : (JSON.parse(json) as JsonValue);
  } catch (cause) {
    throw corruptLine(path, line, cause as Error);
  }
}

function corruptLine(path: string, line: number, cause: Error): AttuneError {
  return new AttuneError(
    "FILE_CORRUPT",
    `Expected JSON in line ${line} of ${path}, but could not read it: ${cause.message}.`,
    {
      hint: "Correct or remove that line.",
      cause,
      details: { file: path, line },
    },
  );
}

import { AttuneError, type JsonValue, throwIfAborted } from "@attune/spec";
import { type ReadLinesOptions, readLines } from "./read-lines.ts";
import { readWholeFile } from "./read-whole-file.ts";
import { asRow, type DataRow } from "./row.ts";

/** How JSON rows are read. */
export interface ReadJsonRowsOptions extends ReadLinesOptions {
  /**
   * What to do with a bare NaN, Infinity or -Infinity, which Python writes and JSON does not have: an error (default),
   * or read it as null and call `onNonFinite`.
   */
  readonly nonFinite?: "error" | "null" | undefined;
  /** Called for each row in which a bare NaN or Infinity was read as null. */
  readonly onNonFinite?: ((line: number) => void) | undefined;
}

/** Streams the rows of a JSON Lines file; empty lines are passed over. Every error names file and line. */
export async function* readJsonLineRows(path: string, options: ReadJsonRowsOptions = {}): AsyncGenerator<DataRow> {
  for await (const { text, line } of readLines(path, options)) {
    if (text.trim() === "") continue;
    yield asRow(parseLine(text, path, line, options), path, line);
  }
}

/** Reads the rows of a JSON array (up to 256 MiB, since it must be held whole); `line` is the position in it, from 1. */
export async function* readJsonArrayRows(path: string, options: ReadJsonRowsOptions = {}): AsyncGenerator<DataRow> {
  const value = parseLine(await readWhole(path, options), path, 1, options);
  if (!Array.isArray(value)) {
    throw new AttuneError("INPUT_INVALID", `Expected a JSON array of rows in ${path}, but received a single value.`, {
      details: { file: path },
    });
  }
  for (const [index, row] of (value as JsonValue[]).entries()) {
    throwIfAborted(options.signal);
    yield asRow(row, path, index + 1);
  }
}

async function readWhole(path: string, options: ReadJsonRowsOptions): Promise<string> {
  const hint = "Convert it to JSON Lines, one row a line, which is read as a stream.";
  const bytes = await readWholeFile(path, hint, options);
  try {
    // The decoder drops a byte-order mark by itself.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AttuneError("FILE_CORRUPT", `Expected UTF-8 text in ${path}, but it holds bytes that are not.`, {
      hint: "Convert the file to UTF-8, for example with iconv.",
      cause,
      details: { file: path },
    });
  }
}

function parseLine(text: string, file: string, line: number, options: ReadJsonRowsOptions): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    const repaired = replaceNonFinite(text);
    if (repaired !== undefined && options.nonFinite === "null") {
      options.onNonFinite?.(line);
      return parseLine(repaired, file, line, { nonFinite: "error" });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttuneError(
      "FILE_CORRUPT",
      `Expected JSON in line ${line} of ${file}, but could not read it: ${reason}.`,
      {
        hint: hintFor(text, repaired !== undefined),
        cause,
        details: { file, line },
      },
    );
  }
}

function hintFor(text: string, holdsNonFinite: boolean): string {
  if (holdsNonFinite)
    return 'It holds a bare NaN or Infinity, which JSON does not have; correct it, or read it as null with nonFinite: "null".';
  if (text.trim() === "{") return "One object over several lines is read where it is in a list of rows: [ ... ].";
  return "The line may be truncated, or the file of another format.";
}

/** Replaces bare NaN and Infinity outside strings by null; undefined when there are none. */
function replaceNonFinite(text: string): string | undefined {
  let found = false;
  const repaired = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (match) => {
    if (match.startsWith('"')) return match;
    found = true;
    return "null";
  });
  return found ? repaired : undefined;
}

import { createReadStream } from "node:fs";
import { AttuneError, toAttuneError } from "@attune/spec";
import type { Host } from "../host.ts";

/** Streams a file, or stdin for `-`, as text. A byte-order mark stays. Throws `INPUT_INVALID` for what is no UTF-8. */
async function* readText(path: string, stdin: Host["stdin"]): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const stream = path === "-" ? stdin : createReadStream(path);
  try {
    for await (const chunk of stream) {
      yield decoder.decode(typeof chunk === "string" ? Buffer.from(chunk) : chunk, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw toAttuneError(namedError(error, path));
    throw new AttuneError("INPUT_INVALID", `Expected text in UTF-8, but ${nameOf(path)} holds other bytes.`, {
      hint: "Convert it first, for example with: iconv -f latin1 -t utf-8.",
      details: { file: path },
    });
  }
}

/** Reads a whole file, or stdin for `-`. */
export async function readWhole(path: string, stdin: Host["stdin"]): Promise<string> {
  const pieces: string[] = [];
  for await (const text of readText(path, stdin)) pieces.push(text);
  return pieces.join("");
}

/** Streams the lines of a file, or of stdin for `-`; both line ends are understood, and an end after the last line is none. */
export async function* readLines(path: string, stdin: Host["stdin"]): AsyncGenerator<string> {
  let rest = "";
  for await (const text of readText(path, stdin)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  if (rest !== "") yield rest;
}

/** The name of an input in a message. */
export function nameOf(path: string): string {
  return path === "-" ? "stdin" : path;
}

/** Parses a JSON object of an input. Throws `INPUT_INVALID` with the line. */
export function parseObject(text: string, path: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected a JSON object in line ${line} of ${nameOf(path)}, but it starts with ${JSON.stringify(text.slice(0, 40))}.`,
    {
      hint: 'Each line is a row as JSON, for example {"prompt":"Once upon a time"}; the help of the command names the fields.',
      details: { file: path, line },
    },
  );
}

/** Token ids from a field of an input. Throws `INPUT_INVALID` where it is no list of whole numbers from 0. */
export function parseIds(value: unknown, field: string, path: string, line: number): number[] {
  const valid = Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && (id as number) >= 0);
  if (valid) return value as number[];
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected "${field}" in line ${line} of ${nameOf(path)} to be a list of token ids, whole numbers from 0.`,
    { details: { file: path, line, key: field } },
  );
}

/** Streams the JSON objects of a JSONL file; empty lines are passed over. */
export async function* readObjects(path: string, stdin: Host["stdin"]): AsyncGenerator<Record<string, unknown>> {
  let line = 0;
  for await (const text of readLines(path, stdin)) {
    line += 1;
    if (text.trim() !== "") yield parseObject(text, path, line);
  }
}

/** Reading a folder fails without its name. */
function namedError(error: unknown, path: string): unknown {
  return error instanceof Error && !("path" in error) ? Object.assign(error, { path }) : error;
}

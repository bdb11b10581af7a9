import { AttuneError, type JsonValue } from "@attune/spec";
import { readRegularFile } from "./read-regular-file.ts";
import { writeFileAtomic } from "./write-file-atomic.ts";

/** Limits for a JSON file that may come from anywhere. */
export interface ReadJsonOptions {
  /** Largest size in bytes that is read. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads a JSON file. Throws `FILE_NOT_FOUND`, `INPUT_INVALID` (no regular file), `FILE_CORRUPT` (no UTF-8, no JSON) or
 * `FILE_UNSUPPORTED` (larger than the limit), each naming the file.
 */
export async function readJson(path: string, options: ReadJsonOptions = {}): Promise<JsonValue> {
  const bytes = await readRegularFile(path, { maxBytes: options.maxBytes ?? 2 ** 28 });
  return parseJson(bytes, path);
}

/** Writes a value as indented JSON with a line feed at the end, atomically like `writeFileAtomic`. */
export async function writeJsonAtomic(path: string, value: JsonValue): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

function parseJson(bytes: Uint8Array, path: string): JsonValue {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as JsonValue;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttuneError("FILE_CORRUPT", `Expected JSON in ${path}, but could not read it: ${reason}.`, {
      hint: "The file may be truncated or of another kind; restore it or write it again.",
      cause,
      details: { file: path },
    });
  }
}

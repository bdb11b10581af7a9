import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { JsonValue } from "@attune/spec";
import { canonicalJson } from "./canonical-json.ts";
import { fileError } from "./file-error.ts";
import { regularFileSize } from "./read-regular-file.ts";

/** SHA-256 of bytes or of a text's UTF-8, as 64 hexadecimal digits. */
export function hashBytes(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-256 of a file, read as a stream. Throws `FILE_NOT_FOUND`, or `INPUT_INVALID` for what is no regular file. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await regularFileSize(path);
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
    }
  } catch (error) {
    throw fileError(error, path);
  }
  return hash.digest("hex");
}

/** SHA-256 of a JSON value that does not depend on the order of its keys. Throws like `canonicalJson`. */
export function hashJson(value: JsonValue): string {
  return hashBytes(canonicalJson(value));
}

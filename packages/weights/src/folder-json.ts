import { readJson } from "@attune/run-folder";
import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";
import { corruptFile } from "./corrupt-file.ts";

/** Reads a JSON file that must hold an object. */
export async function readJsonObject(path: string): Promise<JsonObject> {
  const value = await readJson(path);
  if (isJsonObject(value)) return value;
  throw corruptFile(path, "expected a JSON object, but the file holds something else.");
}

/** Like `readJsonObject`, but a missing file gives undefined. */
export async function readOptionalJsonObject(path: string): Promise<JsonObject | undefined> {
  try {
    return await readJsonObject(path);
  } catch (error) {
    if (AttuneError.is(error) && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Formats JSON as Python's `json.dumps(value, indent=2, sort_keys=True)`: sorted keys, ASCII only. */
export function sortedJson(value: JsonValue): string {
  return JSON.stringify(sortKeys(value), null, 2).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}

function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

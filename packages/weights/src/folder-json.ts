import { readJson } from "@attune/run-folder";
import { AttuneError, isJsonObject, type JsonObject } from "@attune/spec";
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

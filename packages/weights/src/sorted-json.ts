import { type JsonValue, sortKeys } from "@attune/spec";

/** Formats JSON as Python's `json.dumps(value, indent=2, sort_keys=True)`: sorted keys, ASCII only. */
export function sortedJson(value: JsonValue): string {
  return JSON.stringify(sortKeys(value), null, 2).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

import { type JsonValue, sortKeys } from "@attune/spec";

/** Writes JSON so that equal values give equal text: keys sorted, no white space. */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(sortKeys(value));
}

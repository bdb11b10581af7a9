import type { JsonValue } from "@attune/spec";
import { sortedByKey } from "../section.ts";

/** Writes JSON so that equal values give equal text: keys sorted, no white space. */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(sortedByKey(value));
}

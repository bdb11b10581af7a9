import { shorten } from "./shorten.ts";

/** A received value as it fits into a sentence: as JSON, the beginning where it is long, "nothing" without one. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  return shorten(typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value)));
}

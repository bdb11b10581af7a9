import type { TextRecord } from "@attune/spec";

/** The group of a record that counts as one independent case, as a field of its document; no field where it has none. */
export function groupOf({ metadata }: TextRecord, groupBy: string | null): { group?: string } {
  const value = groupBy === null ? undefined : metadata?.[groupBy];
  return typeof value === "string" && value !== "" ? { group: value } : {};
}

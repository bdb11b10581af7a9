import { groupValueOf } from "@attune/data-core";
import type { TextRecord } from "@attune/spec";

/** The group of a record that counts as one independent case, as a field of its document; no field where it has none. */
export function groupOf(record: TextRecord, groupBy: string | null): { group?: string } {
  const group = groupBy === null ? undefined : groupValueOf(record, groupBy);
  return group === undefined ? {} : { group };
}

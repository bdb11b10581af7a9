import { hashJson } from "@attune/run-folder";
import type { JsonValue, TextRecord } from "@attune/spec";
import type { RecordSource } from "./record-source.ts";

/** A source of records that are in memory. */
export function recordsSource(records: readonly TextRecord[], name: string): RecordSource {
  return {
    description: { name, records: records.length },
    fingerprint: async () => hashJson(records as unknown as JsonValue),
    async *open() {
      yield* records;
    },
  };
}

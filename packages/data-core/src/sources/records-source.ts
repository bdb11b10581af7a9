import { hashJson } from "@attune/run-folder";
import { AttuneError, describeValue, type JsonValue, type TextRecord } from "@attune/spec";
import { isRecord } from "../records/is-record.ts";
import type { RecordSource } from "./record-source.ts";

/** A source of records that are in memory. Reading it throws `INPUT_INVALID` at one without id, text or source. */
export function recordsSource(records: readonly TextRecord[], name: string): RecordSource {
  return {
    description: { name, records: records.length },
    fingerprint: async () => hashJson(records as unknown as JsonValue),
    async *open() {
      for (const [index, record] of records.entries()) {
        if (!isRecord(record)) {
          throw new AttuneError(
            "INPUT_INVALID",
            `Expected record ${index} of ${name} to have id, text and source, but received ${describeValue(record)}.`,
          );
        }
        yield record;
      }
    },
  };
}

import { join } from "node:path";
import type { TextRecord } from "@attune/spec";
import { readLines } from "../io/read-lines.ts";
import { writeJsonLines } from "../io/write-records.ts";

/**
 * Passes all records to a visitor while writing them to the scratch folder, and returns a function that reads them
 * again: what a stage uses that must see everything before it can decide about the first record.
 */
export async function spillRecords(
  records: AsyncIterable<TextRecord>,
  scratch: string,
  visit: (record: TextRecord, index: number) => void | Promise<void>,
): Promise<() => AsyncGenerator<TextRecord>> {
  const path = join(scratch, "records.jsonl");
  async function* visited(): AsyncGenerator<TextRecord> {
    let index = 0;
    for await (const record of records) {
      const pending = visit(record, index++);
      if (pending !== undefined) await pending;
      yield record;
    }
  }
  await writeJsonLines(path, visited());
  return async function* replay() {
    for await (const { text } of readLines(path, { maxLineBytes: 2 ** 29 })) yield JSON.parse(text) as TextRecord;
  };
}

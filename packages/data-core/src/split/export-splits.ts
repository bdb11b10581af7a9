import { join } from "node:path";
import type { TextRecord } from "@attune/spec";
import { type WrittenFile, writeJsonLines } from "../io/write-records.ts";
import { stageSource } from "../stages/stage-source.ts";
import { type SplitPart, splitParts } from "./assign-parts.ts";
import { createLeakCheck } from "./leak-check.ts";

/** The files of a split, and what was counted over the records while they were written. */
export interface ExportedSplits {
  readonly files: Readonly<Record<SplitPart, WrittenFile & { readonly path: string }>>;
  /** Texts and group keys that are in more than one file. */
  readonly leaks: number;
}

/**
 * Writes the parts of a finished split stage as train.jsonl, validation.jsonl and test.jsonl into a folder, and counts the
 * leaks between the files over the keys in `groupBy`.
 */
export async function exportSplits(
  stageDirectory: string,
  folder: string,
  groupBy: readonly string[],
): Promise<ExportedSplits> {
  const leaks = createLeakCheck(groupBy);
  async function* checked(records: AsyncIterable<TextRecord>, part: SplitPart): AsyncGenerator<TextRecord> {
    for await (const record of records) {
      leaks.visit(record, part);
      yield record;
    }
  }
  const entries: [SplitPart, WrittenFile & { path: string }][] = [];
  for (const part of splitParts) {
    const source = await stageSource(stageDirectory, { split: part });
    const path = join(folder, `${part}.jsonl`);
    entries.push([part, { ...(await writeJsonLines(path, checked(source.open(), part))), path }]);
  }
  return { files: Object.fromEntries(entries) as ExportedSplits["files"], leaks: leaks.count() };
}

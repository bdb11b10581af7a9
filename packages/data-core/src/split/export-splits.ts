import { join } from "node:path";
import { type WrittenFile, writeJsonLines } from "../io/write-records.ts";
import { stageSource } from "../sources/stage-source.ts";
import { type SplitPart, splitParts } from "./assign-parts.ts";

/** Writes the parts of a finished split stage as train.jsonl, validation.jsonl and test.jsonl into a folder. */
export async function exportSplits(
  stageDirectory: string,
  folder: string,
): Promise<Record<SplitPart, WrittenFile & { readonly path: string }>> {
  const entries: [SplitPart, WrittenFile & { path: string }][] = [];
  for (const part of splitParts) {
    const source = await stageSource(stageDirectory, { split: part });
    const path = join(folder, `${part}.jsonl`);
    entries.push([part, { ...(await writeJsonLines(path, source.open())), path }]);
  }
  return Object.fromEntries(entries) as Record<SplitPart, WrittenFile & { readonly path: string }>;
}

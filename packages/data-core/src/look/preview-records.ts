import { AttuneError, type TextRecord } from "@attune/spec";
import { hashText } from "../hash-text.ts";

/**
 * Returns `count` records chosen at random by seed, in their order; the choice depends on ids only, not on the order read. Throws
 * `OPTIONS_INVALID` for a count below 1.
 */
export async function previewRecords(
  records: AsyncIterable<TextRecord>,
  { count, seed = 0 }: { readonly count: number; readonly seed?: number | undefined },
): Promise<TextRecord[]> {
  if (!Number.isInteger(count) || count < 1) {
    throw new AttuneError("OPTIONS_INVALID", `Expected a count of at least 1, but received ${count}.`, {
      details: { key: "count" },
    });
  }
  let chosen: { readonly rank: number; readonly position: number; readonly record: TextRecord }[] = [];
  let position = 0;
  const prune = (): void => {
    chosen = chosen.sort((first, second) => first.rank - second.rank).slice(0, count);
  };
  for await (const record of records) {
    const { high, low } = hashText(`${seed}\n${record.id}`);
    chosen.push({ rank: high * 2 ** 20 + (low >>> 12), position: position++, record });
    if (chosen.length >= count + 1024) prune();
  }
  prune();
  return chosen.sort((first, second) => first.position - second.position).map(({ record }) => record);
}

import { collect, createNameCheck, groupValueOf, hashText, type RecordSource } from "@attune/data-core";
import { AttuneError, type TextRecord } from "@attune/spec";
import type { DataConfig } from "../config/data-config.ts";
import { type Part, partOf } from "./prepare-data.ts";

/** Records of the parts, after limits. */
export interface DataParts {
  readonly train: readonly TextRecord[];
  readonly validation: readonly TextRecord[];
  readonly test: readonly TextRecord[];
  /** Training records as they are before groups and labels are thinned out: what baselines learn from, for whom more is never slow. */
  readonly wholeTrain: readonly TextRecord[];
  /** Records before limits. */
  readonly available: Readonly<Record<Part, number>>;
}

/**
 * Reads the parts into memory. A limit draws records by a hash of seed and id, so that the draw depends on nothing else;
 * what is drawn keeps its order.
 *
 * @throws AttuneError `OPTIONS_INVALID` where no record has the metadata that a limit or `groupBy` names
 */
export async function readParts(
  source: RecordSource,
  { limits, groupBy }: Pick<DataConfig, "limits" | "groupBy">,
  seed: number,
  signal?: AbortSignal,
): Promise<DataParts> {
  const parts: Record<Part, TextRecord[]> = { train: [], validation: [], test: [] };
  const checks = [
    createNameCheck("data.groupBy", groupBy === null ? [] : [groupBy]),
    createNameCheck("data.limits.trainPerGroup.by", limits.trainPerGroup === null ? [] : [limits.trainPerGroup.by]),
  ];
  for await (const record of source.open({ signal })) {
    for (const check of checks) check.visit(record);
    parts[partOf(record)].push(record);
  }
  for (const check of checks) check.finish();
  const { train, validation, test } = parts;
  return {
    train: drawTraining(train, limits, seed),
    wholeTrain: draw(train, limits.train, seed),
    validation: draw(validation, limits.validation, seed),
    test: draw(test, limits.test, seed),
    available: { train: train.length, validation: validation.length, test: test.length },
  };
}

/** A part that must hold records. @throws AttuneError `DATA_EMPTY` */
export function requirePart(parts: DataParts, part: Part, why: string): readonly TextRecord[] {
  if (parts[part].length > 0) return parts[part];
  throw new AttuneError("DATA_EMPTY", `Expected records in the ${part} part, ${why}, but there are none.`, {
    hint:
      part === "train"
        ? "Check the source and its stages."
        : `Add the stage split to the recipe, or give rows with metadata.split: ${part}.`,
    details: { key: part },
  });
}

/** Few of a group, then few of a label, then few of all. */
function drawTraining(
  records: readonly TextRecord[],
  { train, trainPerLabel, trainPerGroup }: DataConfig["limits"],
  seed: number,
): readonly TextRecord[] {
  const { by, count = null } = trainPerGroup ?? {};
  const spread = drawOfEach(records, (record) => groupKey(groupValueOf(record, by!), record.id), count, seed);
  return draw(
    drawOfEach(spread, ({ label }) => label ?? "", trainPerLabel, seed),
    train,
    seed,
  );
}

/** Records that do not say their group are groups of their own. */
function groupKey(group: string | undefined, id: string): string {
  return group === undefined ? `record ${id}` : `group ${group}`;
}

/** At most `count` records of each key. */
function drawOfEach(
  records: readonly TextRecord[],
  keyOf: (record: TextRecord) => string,
  count: number | null,
  seed: number,
): readonly TextRecord[] {
  if (count === null) return records;
  const byKey = new Map<string, TextRecord[]>();
  for (const record of records) {
    const key = keyOf(record);
    const own = byKey.get(key);
    if (own === undefined) byKey.set(key, [record]);
    else own.push(record);
  }
  const chosen = new Set([...byKey.values()].flatMap((own) => draw(own, count, seed)));
  return records.filter((record) => chosen.has(record));
}

/** `count` records, or all. */
export function draw<T extends { readonly id: string }>(
  records: readonly T[],
  count: number | null,
  seed: number,
): readonly T[] {
  if (count === null || records.length <= count) return records;
  const ranked = records.map((record) => ({ record, rank: rankOf(record.id, seed) }));
  ranked.sort((left, right) => left.rank - right.rank || (left.record.id < right.record.id ? -1 : 1));
  const chosen = new Set(ranked.slice(0, count).map(({ record }) => record));
  return records.filter((record) => chosen.has(record));
}

function rankOf(id: string, seed: number): number {
  const { high, low } = hashText(`${seed}\n${id}`);
  return high * 2 ** 20 + (low >>> 12);
}

/** All records of a source. */
export function readAll(source: RecordSource, signal?: AbortSignal): Promise<TextRecord[]> {
  return collect(source.open({ signal }));
}

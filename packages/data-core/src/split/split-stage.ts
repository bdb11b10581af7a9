import {
  AttuneError,
  booleanField,
  integerField,
  type JsonValue,
  listField,
  numberField,
  type TextRecord,
  textField,
} from "@attune/spec";
import { hashText } from "../hash-text.ts";
import { type OptionSchema, option, optionSchema } from "../option-schema.ts";
import { createHashIndex } from "../spill/hash-index.ts";
import { createFloat64List, createUint32List } from "../spill/number-list.ts";
import { spillRecords } from "../spill/record-spill.ts";
import { createUnionFind } from "../spill/union-find.ts";
import type { DataStage } from "../stages/data-stage.ts";
import { assignParts, type SplitPart, splitParts } from "./assign-parts.ts";
import { groupKeysOf } from "./group-keys.ts";
import { createLeakCheck } from "./leak-check.ts";
import { createNameCheck, metadataAt } from "./metadata-names.ts";

/** How a data set is split. */
export interface SplitOptions {
  /** Records in validation: a share below 1, or a count. */
  readonly validation: number;
  /** Records in test: a share below 1, or a count. */
  readonly test: number;
  /** Another seed, another choice of groups. */
  readonly seed: number;
  /** Names in metadata, with dots for inner ones (`content.prompt`): records that share a value go to the same part. */
  readonly groupBy: readonly string[];
  /** What the parts are stratified by: `label` or names in metadata. */
  readonly stratifyBy: readonly string[];
  /** Largest share of validation or test that one group may take; a larger group goes to train. */
  readonly maxGroupShare: number;
  /**
   * Where a class has groups that are too large to leave train: share of its other records that validation and test
   * take at most together, so that train still holds groups of the kind that is tested.
   */
  readonly maxMovableShare: number;
  /** Whether every label must be in train. */
  readonly requireLabelsInTrain: boolean;
}

/** What the split did; kept under `report.split` in the manifest. */
export interface SplitReport {
  /** Records per part. */
  readonly sizes: Readonly<Record<SplitPart, number>>;
  /** Records per part and class (label and further strata, joined with " / "). */
  readonly perClass: Readonly<Record<SplitPart, Readonly<Record<string, number>>>>;
  /** Groups in all, records in the largest, and what was too large for its part. */
  readonly groups: {
    readonly count: number;
    readonly largest: number;
    readonly tooLarge: { readonly groups: number; readonly records: number };
  };
  /** Texts and group keys that are in more than one part, counted again after the split: always 0. */
  readonly leaks: number;
}

const names = listField(textField, { distinct: true });
const schema: OptionSchema<SplitOptions> = optionSchema("the stage split", {
  validation: option(numberField({ minimum: 0 }), 0.1),
  test: option(numberField({ minimum: 0 }), 0.1),
  seed: option(integerField({ minimum: 0 }), 0),
  groupBy: option(names, ["cluster", "thread", "sender"]),
  stratifyBy: option(names, ["label"]),
  maxGroupShare: option(numberField({ minimum: 0, maximum: 1 }), 0.25),
  maxMovableShare: option(numberField({ minimum: 0, maximum: 1 }), 0.5),
  requireLabelsInTrain: option(booleanField, true),
});

/**
 * Puts each record into `metadata.split`: train, validation or test. Groups are the connected components of records
 * that share a text or a key (near-duplicate cluster, thread, sender) and are never torn; `metadata.splitGroup` names
 * them. Holds about 40 bytes a record.
 *
 * Throws `OPTIONS_INVALID` for a name in `groupBy` or `stratifyBy` that no record has in its metadata (but for `cluster`, `thread` and
 * `sender`, which stages leave out where they find none), `DATA_EMPTY` for a wanted part that stays empty, `LABELS_INVALID` for a label
 * that is in no training record, `DATA_LEAK` if the check after the split finds a key in two parts.
 */
export const splitStage: DataStage<SplitOptions> = {
  kind: "data-stage",
  specificationVersion: 1,
  id: "split",
  version: "3",
  description: "Splits by group into train, validation and test, stratified, with a leak check",
  parse(options) {
    const parsed = schema.parse(options);
    if ((parsed.validation < 1 ? parsed.validation : 0) + (parsed.test < 1 ? parsed.test : 0) < 1) return parsed;
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected shares of validation and test that leave something to train, but received ${parsed.validation} and ${parsed.test}.`,
      {
        details: { key: "validation" },
      },
    );
  },
  async *run(records, options, context) {
    const grouping = createGrouping(options);
    const strata = options.stratifyBy.filter((name) => name !== "label");
    const checks = [createNameCheck("groupBy", options.groupBy), createNameCheck("stratifyBy", strata)];
    const replay = await spillRecords(records, context.scratch, (record) => {
      for (const check of checks) check.visit(record);
      grouping.visit(record);
    });
    if (grouping.size() === 0) return;
    for (const check of checks) check.finish();
    const { parts, groupNumbers, classNames, classes, groups } = grouping.assign();
    const leaks = createLeakCheck(options.groupBy);
    let index = 0;
    for await (const record of replay()) {
      const split = splitParts[parts[index]!]!;
      const splitGroup = `group-${groupNumbers[index]!}`;
      const placed = { ...record, metadata: { ...record.metadata, split, splitGroup } };
      index++;
      leaks.visit(placed, split);
      yield placed;
    }
    const report = { ...countParts(parts, classes, classNames), groups, leaks: leaks.count() };
    context.report("split", report as unknown as JsonValue);
    checkReport(report, options, grouping.labelsMissingFromTrain(parts));
  },
};

/** First pass: joins records to groups and notes their classes. */
function createGrouping(options: SplitOptions) {
  const sets = createUnionFind();
  const owners = createHashIndex();
  const ranks = createFloat64List();
  const classes = createUint32List();
  const labels = createUint32List();
  const classNumbers = new Map<string, number>();
  const labelNumbers = new Map<string, number>();
  const visit = (record: TextRecord): void => {
    const member = sets.add();
    for (const { hash } of groupKeysOf(record, options.groupBy)) {
      const owner = owners.getOrAdd(hash, member);
      if (owner !== undefined) sets.union(owner, member);
    }
    const { high, low } = hashText(`${options.seed}\n${record.id}`);
    ranks.push(high * 2 ** 20 + (low >>> 12));
    classes.push(numberOf(classNumbers, options.stratifyBy.map((name) => stratumOf(record, name)).join(" / ")));
    labels.push(numberOf(labelNumbers, record.label ?? ""));
  };
  const assign = () => {
    const { groups, groupRanks, largest } = numberGroups(sets.find, ranks.view());
    const wanted = { validation: options.validation, test: options.test };
    const { maxGroupShare, maxMovableShare } = options;
    const { parts, tooLarge } = assignParts({
      groups,
      classes: classes.view(),
      ranks: groupRanks,
      wanted,
      maxGroupShare,
      maxMovableShare,
    });
    return {
      parts,
      groupNumbers: groups,
      classNames: [...classNumbers.keys()],
      classes: classes.view(),
      groups: { count: groupRanks.length, largest, tooLarge },
    };
  };
  const labelsMissingFromTrain = (parts: Uint8Array): string[] => {
    const trained = new Set<number>();
    for (const [index, label] of labels.view().entries()) if (parts[index] === 0) trained.add(label);
    return [...labelNumbers].filter(([, number]) => !trained.has(number)).map(([label]) => label);
  };
  return { visit, assign, labelsMissingFromTrain, size: () => sets.size };
}

const maxClasses = 100_000;

function numberOf(numbers: Map<string, number>, name: string): number {
  const known = numbers.get(name);
  if (known !== undefined) return known;
  if (numbers.size === maxClasses) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Expected at most ${maxClasses} classes to stratify by, but there are more.`,
      {
        hint: "Labels that are all different are no classes: leave stratifyBy empty.",
      },
    );
  }
  numbers.set(name, numbers.size);
  return numbers.size - 1;
}

function stratumOf(record: TextRecord, name: string): string {
  if (name === "label") return record.label ?? "";
  const value = metadataAt(record, name);
  return `${name}: ${typeof value === "string" ? value : JSON.stringify(value ?? null)}`;
}

/**
 * Numbers the groups and ranks each by its member of the smallest rank, hashed once more: the smallest rank itself
 * would put large groups first.
 */
function numberGroups(find: (member: number) => number, ranks: Float64Array) {
  const groups = new Uint32Array(ranks.length);
  const smallest = createFloat64List();
  const sizes = createUint32List();
  for (let member = 0; member < ranks.length; member++) {
    const root = find(member);
    if (root === member) {
      groups[member] = sizes.length;
      sizes.push(0);
      smallest.push(Number.POSITIVE_INFINITY);
    }
    const group = groups[root]!;
    groups[member] = group;
    sizes.view()[group]! += 1;
    smallest.view()[group] = Math.min(smallest.view()[group]!, ranks[member]!);
  }
  const groupRanks = smallest.view().map((rank) => {
    const { high, low } = hashText(String(rank));
    return high * 2 ** 20 + (low >>> 12);
  });
  return { groups, groupRanks, largest: sizes.view().reduce((most, size) => Math.max(most, size), 0) };
}

function countParts(
  parts: Uint8Array,
  classes: Uint32Array,
  names: readonly string[],
): Pick<SplitReport, "sizes" | "perClass"> {
  const counts = splitParts.map(() => new Uint32Array(names.length));
  for (let index = 0; index < parts.length; index++) counts[parts[index]!]![classes[index]!]! += 1;
  const perPart = <T>(value: (counts: Uint32Array) => T): Record<SplitPart, T> =>
    Object.fromEntries(splitParts.map((part, number) => [part, value(counts[number]!)])) as Record<SplitPart, T>;
  return {
    sizes: perPart((each) => each.reduce((sum, count) => sum + count, 0)),
    perClass: perPart((each) => Object.fromEntries(names.map((name, label) => [name, each[label]!]))),
  };
}

/** With fewer groups, it is records that are missing, whatever the classes. */
const fewGroups = 10;

function emptyPart(part: SplitPart, { sizes, groups, perClass }: SplitReport): AttuneError {
  const records = splitParts.reduce((sum, each) => sum + sizes[each], 0);
  const classes = Object.keys(perClass.train).length;
  const hint =
    groups.count >= fewGroups && classes > groups.count / 2
      ? "Labels that are nearly all different are no classes: leave stratifyBy empty, and the label out of what is learnt."
      : groups.count >= fewGroups && groups.largest > 1
        ? "Ask for a larger part, raise maxGroupShare, or group by fewer keys."
        : "Give more records, or ask for a larger part; what stages in front left out is in their manifest.json.";
  return new AttuneError(
    "DATA_EMPTY",
    `Expected records in ${part}, but no group fits into it (records: ${records}, classes: ${classes}, groups: ${groups.count}, the largest of ${groups.largest}).`,
    { hint, details: { key: part } },
  );
}

function checkReport(report: SplitReport, options: SplitOptions, missingLabels: readonly string[]): void {
  if (report.leaks > 0) {
    throw new AttuneError("DATA_LEAK", `Expected no text or group key in two parts, but found ${report.leaks}.`, {
      hint: "The groups changed between the two passes; report this.",
    });
  }
  const wanted = { train: 1, validation: options.validation, test: options.test };
  const empty = splitParts.find((part) => wanted[part] > 0 && report.sizes[part] === 0);
  if (empty !== undefined) throw emptyPart(empty, report);
  if (options.requireLabelsInTrain && missingLabels.length > 0) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Expected every label in train, but these are only in other parts: ${missingLabels.slice(0, 10).join(", ")}.`,
      {
        hint: "Add records of these labels, remove them, or take another seed.",
        details: { labels: missingLabels },
      },
    );
  }
}

/** The parts of a split. */
export type SplitPart = "train" | "validation" | "test";
/** The parts in their fixed order: a part's number is its position. */
export const splitParts: readonly SplitPart[] = ["train", "validation", "test"];

/** What the assignment works on: for each record its group and its class, for each group its place in the queue. */
export interface AssignInput {
  /** Group of each record, numbered from 0. */
  readonly groups: Uint32Array;
  /** Class of each record, numbered from 0. */
  readonly classes: Uint32Array;
  /** Random rank of each group. */
  readonly ranks: Float64Array;
  /** Records wanted in validation and test: a share below 1, or a count. */
  readonly wanted: { readonly validation: number; readonly test: number };
  /** Largest share of a part that one group may take. */
  readonly maxGroupShare: number;
  /** Of a class that has groups too large to move: share of its other records that validation and test take at most. */
  readonly maxMovableShare: number;
}

/** The part of each record, and what had to go to train. */
export interface AssignResult {
  /** Number of the part of each record. */
  readonly parts: Uint8Array;
  /** Groups that are larger than the share of every part that is wanted. */
  readonly tooLarge: { readonly groups: number; readonly records: number };
}

/**
 * Fills test, then validation, with whole groups in random order: a group is taken when each of its classes still has
 * room for all its records of that class and it is no larger than the share allows; everything else is train. The
 * rooms of the classes are proportional to the classes, so that the parts are stratified up to the size of a group.
 * Where groups that are too large keep records of a class in train, only a share of its other records leave, so that
 * train still holds groups of the kind that is tested.
 */
export function assignParts(input: AssignInput): AssignResult {
  const { groups, classes, ranks } = input;
  const membersOf = bucketByGroup(groups, ranks.length);
  const parts = new Uint8Array(groups.length);
  const takers = (["test", "validation"] as const).map((part) => {
    const wanted = input.wanted[part];
    const records = wanted < 1 ? wanted * groups.length : wanted;
    const limit = Math.max(1, Math.floor(records * input.maxGroupShare));
    return { part: splitParts.indexOf(part), limit, rooms: shareOut(countInto(classes), records / groups.length) };
  });
  const largestLimit = Math.max(...takers.map(({ limit }) => limit));
  const isTooLarge = (group: number): boolean => membersOf(group).length > largestLimit;
  const tooLarge = { groups: 0, records: 0 };
  const stuck = new Map<number, number>();
  for (let group = 0; group < ranks.length; group++) {
    if (!isTooLarge(group)) continue;
    tooLarge.groups += 1;
    tooLarge.records += membersOf(group).length;
    for (const [label, count] of needsOf(membersOf(group), classes)) stuck.set(label, (stuck.get(label) ?? 0) + count);
  }
  limitRooms(
    takers.map(({ rooms }) => rooms),
    countInto(classes),
    stuck,
    input.maxMovableShare,
  );

  const order = Array.from({ length: ranks.length }, (_, group) => group).filter((group) => !isTooLarge(group));
  for (const group of order.sort((a, b) => ranks[a]! - ranks[b]!)) {
    const members = membersOf(group);
    const needs = needsOf(members, classes);
    const taker = takers.find(
      ({ rooms, limit }) => members.length <= limit && [...needs].every(([label, need]) => need <= rooms[label]!),
    );
    if (taker === undefined) continue;
    for (const [label, need] of needs) taker.rooms[label]! -= need;
    for (const member of members) parts[member] = taker.part;
  }
  return { parts, tooLarge };
}

/** Shrinks the rooms of classes with records stuck in train, so that a share of the others stays there, too. */
function limitRooms(
  allRooms: readonly number[][],
  counts: readonly number[],
  stuck: ReadonlyMap<number, number>,
  maxShare: number,
): void {
  for (const [label, stuckCount] of stuck) {
    const wanted = allRooms.reduce((sum, rooms) => sum + rooms[label]!, 0);
    const scale = (maxShare * (counts[label]! - stuckCount)) / wanted;
    if (scale < 1) for (const rooms of allRooms) rooms[label] = Math.floor(rooms[label]! * scale);
  }
}

/** Room of each class: its count times the share, rounded so that the sum is right (largest remainder). */
function shareOut(counts: readonly number[], share: number): number[] {
  const exact = counts.map((count) => count * share);
  const rooms = exact.map(Math.floor);
  const missing =
    Math.round(exact.reduce((sum, value) => sum + value, 0)) - rooms.reduce((sum, value) => sum + value, 0);
  const byRemainder = exact
    .map((value, label) => ({ label, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.label - b.label);
  for (const { label } of byRemainder.slice(0, missing)) rooms[label]! += 1;
  return rooms;
}

function countInto(values: Uint32Array): number[] {
  const counts: number[] = [];
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Counting sort of the records by group; returns the members of a group in ascending order. */
function bucketByGroup(groups: Uint32Array, groupCount: number): (group: number) => Uint32Array {
  const starts = new Uint32Array(groupCount + 1);
  for (const group of groups) starts[group + 1]! += 1;
  for (let group = 0; group < groupCount; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const members = new Uint32Array(groups.length);
  for (let record = 0; record < groups.length; record++) members[next[groups[record]!]!++] = record;
  return (group) => members.subarray(starts[group], starts[group + 1]);
}

function needsOf(members: Uint32Array, classes: Uint32Array): Map<number, number> {
  const needs = new Map<number, number>();
  for (const member of members) needs.set(classes[member]!, (needs.get(classes[member]!) ?? 0) + 1);
  return needs;
}

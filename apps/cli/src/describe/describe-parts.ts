import type { FunnelRow, SplitReport } from "@attune/data-core";
import { formatCount } from "@attune/spec";
import { renderTable } from "../terminal/table.ts";

/** Classes that have columns of their own; more would fit no terminal. */
const shownClasses = 8;

/** One part of a split. */
interface PartCounts {
  readonly name: string;
  readonly records: number;
  /** Records there were before limits. */
  readonly available: number;
  readonly perClass: Readonly<Record<string, number>>;
}

/** A split as it is printed. */
interface PartsDescription {
  readonly parts: readonly PartCounts[];
  readonly groups: SplitReport["groups"] | undefined;
  readonly leaks: number;
  /** What the stages in front left out, where they are of the same job. */
  readonly funnel?: readonly FunnelRow[] | undefined;
  /** What is counted, plural. */
  readonly unit: string;
}

/** What was left out and why, sizes of the parts and of each class in them, the groups, and the leak count. */
export function describeParts({ parts, groups, leaks, unit, funnel = [] }: PartsDescription): string {
  const classes = [...new Set(parts.flatMap(({ perClass }) => Object.keys(perClass)))].sort();
  const few = classes.length <= shownClasses ? classes : [];
  const rows = parts.map(({ name, records, available, perClass }) => [
    name,
    `${formatCount(records)}${records < available ? ` of ${formatCount(available)}` : ""}`,
    ...few.map((each) => formatCount(perClass[each] ?? 0)),
  ]);
  const test = parts.find(({ name }) => name === "test");
  const many = few.length === classes.length ? undefined : test && perClassLine(classes, test);
  const lines = [
    leftOutLine(funnel, unit),
    renderTable(["part", unit, ...few.map((name) => name || "(no label)")], rows),
    many,
  ];
  return [...lines.filter((line) => line !== undefined), groupLine(groups, leaks, unit)].join("\n");
}

function leftOutLine(funnel: readonly FunnelRow[], unit: string): string | undefined {
  const stages = funnel.filter(({ dropped }) => dropped > 0);
  if (stages.length === 0) return undefined;
  const left = stages.map(({ stage, rules }) => {
    const dropping = rules.filter(({ action }) => action === "dropped");
    return `${stage} left out ${dropping.map(({ rule, count }) => `${formatCount(count)} ${rule}`).join(", ")}`;
  });
  return `${formatCount(funnel[0]!.read)} ${unit} read, ${formatCount(funnel.at(-1)!.kept)} kept: ${left.join("; ")}`;
}

function perClassLine(classes: readonly string[], { perClass }: PartCounts): string {
  return `test by class: ${classes.map((name) => `${name} ${formatCount(perClass[name] ?? 0)}`).join(", ")}`;
}

function groupLine(groups: PartsDescription["groups"], leaks: number, unit: string): string {
  const found = `${formatCount(leaks)} leaks between parts`;
  if (groups === undefined) return found;
  const { count, largest, tooLarge } = groups;
  const kept =
    tooLarge.groups === 0 ? "" : `; ${formatCount(tooLarge.groups)} too large for another part stay in train`;
  return `${formatCount(count)} groups, the largest with ${formatCount(largest)} ${unit}${kept}; ${found}`;
}

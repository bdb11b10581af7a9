// What somebody who brought a table may not have meant: a recipe is written all the same.
import { resolveMapping } from "@attune/data-core";
import { formatCount, type JsonObject } from "@attune/spec";
import type { FileSource } from "../options/source-from.ts";
import type { DataShape, RecordCounts } from "./inspect-data.ts";

/** Labels or columns that a sentence names. */
const namedAtMost = 8;

/** Records that a label needs to be in each of the three parts. */
const fewestOfLabel = 3;

/** Sentences on labels that are missing, alike, rare or no classes, and on columns that nothing reads. */
export function remarksOn(
  task: DataShape["task"],
  { records, labelled, labels }: RecordCounts,
  source: FileSource,
  row: JsonObject | undefined,
): string[] {
  if (task === "classification") return [likeLabels([...labels.keys()]), rareLabels(labels)].filter(isSaid);
  if (task === "generation") return [];
  if (labelled === 0) return [unusedColumns(source, row)].filter(isSaid);
  const without = records - labelled;
  if (without > 0) {
    const those = `${formatCount(without)} of ${formatCount(records)} records have no label`;
    return [`${those}: to tell labels apart, fill them in or remove these records.`];
  }
  if (labels.size === 1) return [`The only label is ${JSON.stringify([...labels.keys()][0])}.`];
  return ["Most records have a label of their own, as no classes have: several records of each are needed."];
}

function likeLabels(labels: readonly string[]): string | undefined {
  const key = (label: string): string => label.toLowerCase().replace(/\s+/g, " ").trim();
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(key(label), (counts.get(key(label)) ?? 0) + 1);
  const alike = labels.filter((label) => counts.get(key(label))! > 1).sort();
  if (alike.length === 0) return undefined;
  return `Labels that differ in case or spaces alone are labels of their own: ${named(alike.map((label) => JSON.stringify(label)))}.`;
}

function rareLabels(labels: RecordCounts["labels"]): string | undefined {
  const rare = [...labels].filter(([, count]) => count < fewestOfLabel).map(([label]) => JSON.stringify(label));
  if (rare.length === 0) return undefined;
  return `Labels of fewer than ${fewestOfLabel} records cannot be learnt, chosen by and judged: ${named(rare)}.`;
}

function unusedColumns(source: FileSource, row: JsonObject = {}): string | undefined {
  const { columns } = resolveMapping(source.columns, Object.keys(row), source.path);
  const used = [...Object.values(columns).flat(), ...(source.keep ?? [])];
  const unused = Object.keys(row).filter((name) => !used.includes(name) && typeof row[name] !== "object");
  if (unused.length === 0) return undefined;
  const text = `text=${columns.text},label=${unused[0]}`;
  return `Columns that are not read: ${named(unused)}. One that holds a class is named by, for example, --columns ${text}; one whose values never may lie in two parts by --keep ${unused[0]}.`;
}

function named(names: readonly string[]): string {
  const rest = names.length - namedAtMost;
  return `${names.slice(0, namedAtMost).join(", ")}${rest > 0 ? ` and ${formatCount(rest)} more` : ""}`;
}

function isSaid(sentence: string | undefined): sentence is string {
  return sentence !== undefined;
}

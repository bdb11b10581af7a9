// The numbers of a run for someone who sees such a table for the first time.

import type { ResultTable } from "@attune/recipe";
import { formatDifference, formatPValue, renderScores, type ScoreColumn } from "@attune/report";
import { formatCount, formatQuantity, type Unit } from "@attune/spec";

/** Names of rows for a reader. */
const rowNames: Readonly<Record<string, string>> = {
  majority: "baseline: most frequent label",
  text: "baseline: word counts",
  base: "model before",
  adapted: "model after",
};

/** Metrics that are shown: the first of each list that is there. The report and --json have all of them. */
const shownMetrics = [
  ["accuracy", "slotCoverage", "bitsPerByte"],
  ["f1", "macroF1", "referenceBitsPerByte", "perplexity"],
];

/** How a table is worded. */
export interface ResultWords {
  /** What is counted, plural. */
  readonly unit: string;
  /** Other names for rows. */
  readonly names?: Readonly<Record<string, string>>;
}

/** A table of all rows, then what changed and what was forgotten, in sentences. */
export function describeResults(table: ResultTable, { unit, names = {} }: ResultWords): string {
  const { columns, rows, n, groups, cautions, comparisons, general, part } = table;
  const grouped = groups === n ? "" : ` in ${formatCount(groups)} groups`;
  const plain = rows.some(({ role }) => role === "baseline") ? "; baselines use no language model" : "";
  const chosen: ScoreColumn[] = shownMetrics.flatMap((ids) => {
    const id = ids.find((each) => columns.some((column) => column.id === each));
    return columns.filter((column) => column.id === id);
  });
  const scores = rows.map(({ id, role, scores: own, withoutLists }) => ({
    name: names[id] ?? rowNames[id] ?? id,
    role,
    scores: { ...own, withoutLists: withoutLists?.scores["accuracy"] },
  }));
  if (rows.some(({ withoutLists }) => withoutLists !== undefined)) {
    chosen.push({ id: "withoutLists", title: "not from lists", unit: "share", higherIsBetter: true });
  }
  const lines = [
    `${formatCount(n)} ${unit} of the ${part} part${grouped}; brackets are 95% intervals${plain}`,
    renderScores({ cases: part, n, columns: chosen, rows: scores }, { width: Number.POSITIVE_INFINITY }),
  ];
  const main = comparisons.find(({ metric }) => metric === chosen[0]?.id);
  if (main !== undefined) lines.push(describeComparison(main, chosen[0]!.unit));
  if (general !== undefined) lines.push(describeForgetting(general));
  return [...lines, ...cautions].join("\n");
}

function describeComparison(comparison: ResultTable["comparisons"][number], unit: Unit): string {
  const { title, difference, low, high, pValue } = comparison;
  const range = `${formatDifference(low, unit).replace(/ points$/, "")} to ${formatDifference(high, unit)}`;
  return `${title} after training: ${formatDifference(difference, unit)} (${range}; ${formatPValue(pValue)})`;
}

function describeForgetting({
  before,
  after,
  perplexityRatio,
  documents,
}: NonNullable<ResultTable["general"]>): string {
  const { value, low, high } = perplexityRatio;
  const change = (ratio: number): string => `${ratio >= 1 ? "+" : ""}${formatQuantity(ratio - 1, "share")}`;
  const bits = `${formatQuantity(before, "bits/byte")} to ${formatQuantity(after, "bits/byte")} bits/byte`;
  return `general text: perplexity ${change(value)} (${change(low)} to ${change(high)}), ${bits}, ${formatCount(documents)} documents`;
}

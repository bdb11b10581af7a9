// The numbers of a run for someone who sees such a table for the first time.
import type { ResultTable } from "@attune/recipe";
import { renderScores, type ScoreColumn } from "@attune/report";
import { formatCount } from "../terminal/format-number.ts";

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
    `${formatCount(n)} ${unit} of the ${part} part${grouped}; brackets are 95 % intervals${plain}`,
    renderScores({ cases: part, n, columns: chosen, rows: scores }, { width: Number.POSITIVE_INFINITY }),
  ];
  const main = comparisons.find(({ metric }) => metric === chosen[0]?.id);
  if (main !== undefined) lines.push(describeComparison(main, chosen[0]!.unit === "share"));
  if (general !== undefined) lines.push(describeForgetting(general));
  return [...lines, ...cautions].join("\n");
}

function describeComparison(comparison: ResultTable["comparisons"][number], isShare: boolean): string {
  const { title, difference, low, high, pValue } = comparison;
  const signed = (value: number): string =>
    `${value > 0 ? "+" : ""}${isShare ? (100 * value).toFixed(1) : value.toFixed(3)}`;
  const p = pValue < 0.001 ? "p < 0.001" : `p = ${pValue.toFixed(3)}`;
  return `${title} after training: ${signed(difference)}${isShare ? " points" : ""} (${signed(low)} to ${signed(high)}, ${p})`;
}

function describeForgetting({
  before,
  after,
  perplexityRatio,
  documents,
}: NonNullable<ResultTable["general"]>): string {
  const { value, low, high } = perplexityRatio;
  const percent = (ratio: number): string => `${ratio >= 1 ? "+" : ""}${(100 * (ratio - 1)).toFixed(1)}`;
  const bits = `${before.toFixed(3)} to ${after.toFixed(3)} bits/byte`;
  return `general text: perplexity ${percent(value)} % (${percent(low)} to ${percent(high)}), ${bits}, ${documents} documents`;
}

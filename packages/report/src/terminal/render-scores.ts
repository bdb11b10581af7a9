import { formatCount, formatQuantity } from "@attune/spec";
import { formatInterval } from "../format-estimate.ts";
import type { ScoreSection } from "../report-data.ts";
import { renderTable } from "./render-table.ts";

/** The scores as a terminal table: a row a model, each score with its interval, n where all rows share it. */
export function renderScores({ columns, rows }: ScoreSection, options: { readonly width?: number } = {}): string {
  const sizes = columns.map(({ id }) => new Set(rows.flatMap(({ scores }) => scores[id]?.n ?? [])));
  const titles = columns.map(({ title }, index) => {
    const [n] = sizes[index]!;
    return sizes[index]!.size === 1 && n !== undefined ? `${title} (n=${formatCount(n)})` : title;
  });
  const body = rows.map(({ name, scores }) => [
    name,
    ...columns.map(({ id, unit }) => {
      const estimate = scores[id];
      if (estimate === undefined) return "–";
      const interval = formatInterval(estimate, unit);
      return `${formatQuantity(estimate.value, unit)}${interval === undefined ? "" : ` (${interval})`}`;
    }),
  ]);
  return renderTable(
    { columns: [{ title: "" }, ...titles.map((title) => ({ title, align: "right" as const }))], rows: body },
    options,
  );
}

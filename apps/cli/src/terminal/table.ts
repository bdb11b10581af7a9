import { renderTable as render } from "@attune/report";

/** A table with the first column to the left and the others to the right, or all to the left. */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { alignLeft = false }: { readonly alignLeft?: boolean } = {},
): string {
  const columns = titles.map(
    (title, index) => ({ title, align: alignLeft || index === 0 ? "left" : "right" }) as const,
  );
  const complete = rows.map((row) => titles.map((_, index) => row[index] ?? ""));
  return render({ columns, rows: complete }, { width: Number.POSITIVE_INFINITY });
}

import { stripVTControlCharacters } from "node:util";

/** A table for a terminal: two spaces between columns; the first column to the left, the others to the right. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { alignLeft = false }: { readonly alignLeft?: boolean } = {},
): string {
  const titled = head.slice(1).some((title) => title !== "");
  const all = titled ? [head, ...rows] : rows;
  const widths = head.map((_, column) => Math.max(0, ...all.map((row) => widthOf(row[column] ?? ""))));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? "";
        const space = " ".repeat(width - widthOf(cell));
        return column === 0 || alignLeft ? cell + space : space + cell;
      })
      .join("  ")
      .trimEnd();
  const top = titled ? [line(head), line(widths.map((width) => "-".repeat(width)))] : [];
  return [...top, ...rows.map(line)].join("\n");
}

function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}

import { AttuneError } from "@attune/spec";
import { displayWidth, fitText, plainText } from "./display-width.ts";

/** A table of texts. */
export interface TextTable {
  readonly columns: readonly { readonly title: string; readonly align?: "left" | "right" | undefined }[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * An aligned table for a terminal, titles underlined, two spaces between columns, no trailing spaces. The first column
 * is cut where the table is wider than `width` (default 100). Control characters are removed.
 * Throws INPUT_INVALID when a row has another number of cells than there are columns.
 */
export function renderTable({ columns, rows }: TextTable, options: { readonly width?: number } = {}): string {
  const { width = 100 } = options;
  const wrong = rows.findIndex((row) => row.length !== columns.length);
  if (wrong !== -1) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Row ${wrong + 1} of a table with ${columns.length} columns has ${rows[wrong]!.length} cells.`,
    );
  }
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => row.map(plainText));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => displayWidth(row[column]!))));
  const others = widths.slice(1).reduce((sum, own) => sum + own + 2, 0);
  if (widths.length > 0) widths[0] = Math.min(widths[0]!, Math.max(8, width - others));
  const line = (row: readonly string[]): string => {
    const padded = row.map((text, column) => {
      const shown = fitText(text, widths[column]!);
      const space = " ".repeat(widths[column]! - displayWidth(shown));
      return columns[column]!.align === "right" ? space + shown : shown + space;
    });
    return padded.join("  ").trimEnd();
  };
  const [head = [], ...body] = cells;
  const rule = widths.map((own) => "─".repeat(own)).join("  ");
  return [line(head), rule, ...body.map(line)].join("\n");
}

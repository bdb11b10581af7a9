// What needs no file system: all of it works in browsers too, where this is the package's entry.
export { asRow, type DataRow } from "./io/row.ts";
export { type ColumnMapping, type ResolvedMapping, resolveMapping } from "./records/column-mapping.ts";
export type { RecordContent, RecordMessage } from "./records/content.ts";
export { contentOf, mapTexts, withContent } from "./records/content.ts";
export { guessColumns } from "./records/guess-columns.ts";
export type { RowShape } from "./records/row-shape.ts";
export { type RecordDefaults, rowToRecord } from "./records/row-to-record.ts";

import { hashFile, hashJson } from "@attune/run-folder";
import { AttuneError, type JsonObject, type TextRecord } from "@attune/spec";
import { hashText } from "../hash-text.ts";
import { type ReadRowsOptions, readRows } from "../io/read-rows.ts";
import type { DataRow } from "../io/row.ts";
import { type ColumnMapping, type ResolvedMapping, resolveMapping } from "../records/column-mapping.ts";
import { type RecordDefaults, rowToRecord } from "../records/row-to-record.ts";
import { createHashIndex } from "../spill/hash-index.ts";
import { listDataFiles } from "./list-data-files.ts";
import type { RecordSource } from "./record-source.ts";

/** A data file, or a folder of them, with the roles of its columns. */
export interface FileSourceOptions
  extends Pick<ReadRowsOptions, "format" | "unit" | "delimiter" | "nonFinite" | "maxLineBytes"> {
  /** File, or folder whose files are read in the order of their paths, but for files and folders with a dot in front. */
  readonly path: string;
  /** Globs of the files of a folder that are read, such as `**\/*.md`. Default: all. */
  readonly include?: readonly string[] | undefined;
  /** Role to column; default: the names that the common formats use. Texts have `text` and, in a folder's folders, `folder`. */
  readonly columns?: ColumnMapping | undefined;
  /** Source of the records. Default: the file's name; in a folder, its path from there. */
  readonly name?: string | undefined;
  /** Licence of the records. */
  readonly licence?: string | undefined;
  /** Label in the data to label of the record. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Further columns that are kept in metadata. */
  readonly keep?: readonly string[] | undefined;
}

/**
 * A source that streams records from files. Two rows with one id are `INPUT_INVALID`; a folder without files to read is
 * `DATA_EMPTY`, naming the glob that none matches.
 */
export function fileSource(options: FileSourceOptions): RecordSource {
  const { path, include, ...rest } = options;
  return {
    description: JSON.parse(JSON.stringify(options)) as JsonObject,
    async fingerprint() {
      const files = await listDataFiles(path, include);
      const hashes = await Promise.all(files.map(async ({ name, file }) => [name, await hashFile(file)]));
      return hashJson([JSON.parse(JSON.stringify(rest)) as JsonObject, hashes]);
    },
    async *open({ signal } = {}): AsyncGenerator<TextRecord> {
      const checkId = createIdCheck();
      for (const { name, file } of await listDataFiles(path, include)) {
        const defaults: RecordDefaults = { ...rest, file: name, source: options.name ?? name };
        const mappings = new Map<string, ResolvedMapping>();
        for await (const read of readRows(file, { ...rest, signal })) {
          const row = withFolder(read, name);
          const record = rowToRecord(row, mappingOf(Object.keys(row.values), file, options, mappings), defaults);
          checkId(record.id, row.file, row.line);
          yield record;
        }
      }
    },
  };
}

/** Texts of a folder's folders have a column `folder`, the path of theirs: where each class lies in one, it is the label. */
function withFolder(row: DataRow, name: string): DataRow {
  const slash = name.lastIndexOf("/");
  if (slash < 0 || Object.keys(row.values).join() !== "text") return row;
  return { ...row, values: { ...row.values, folder: name.slice(0, slash) } };
}

/** The mapping of rows that have these columns; rows of one file may have different ones. */
function mappingOf(
  columns: readonly string[],
  file: string,
  options: FileSourceOptions,
  known: Map<string, ResolvedMapping>,
): ResolvedMapping {
  const key = columns.join("\n");
  const mapping = known.get(key) ?? resolveMapping(options.columns, columns, file);
  known.set(key, mapping);
  return mapping;
}

/** Returns a check that throws when it sees an id again; holds 12 to 24 bytes an id. */
export function createIdCheck(): (id: string, file: string, line: number) => void {
  const index = createHashIndex();
  return (id, file, line) => {
    const first = index.getOrAdd(hashText(id), line);
    if (first === undefined) return;
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected ids to be unique, but "${id}" in line ${line} of ${file} was already used in line ${first}.`,
      {
        hint: "Choose another id column, several joined ones, or none: then file name and line are the id.",
        details: { file, line, key: id },
      },
    );
  };
}

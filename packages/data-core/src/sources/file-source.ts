import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { hashFile, hashJson } from "@attune/run-folder";
import { AttuneError, type JsonObject, type TextRecord, toAttuneError } from "@attune/spec";
import { type ReadRowsOptions, readRows } from "../io/read-rows.ts";
import { type ColumnMapping, type ResolvedMapping, resolveMapping } from "../records/column-mapping.ts";
import { type RecordDefaults, rowToRecord } from "../records/row-to-record.ts";
import { createHashIndex } from "../spill/hash-index.ts";
import { hashText } from "../text-hash.ts";
import type { RecordSource } from "./record-source.ts";

/** A data file, or a folder of them, with the roles of its columns. */
export interface FileSourceOptions
  extends Pick<ReadRowsOptions, "format" | "unit" | "delimiter" | "nonFinite" | "maximumLineBytes"> {
  /** File, or folder whose files are read in the order of their names. */
  readonly path: string;
  /** Role to column; default: the names that the common formats use. */
  readonly columns?: ColumnMapping | undefined;
  /** Source of the records. Default: the file's name. */
  readonly name?: string | undefined;
  /** Licence of the records. */
  readonly licence?: string | undefined;
  /** Label in the data to label of the record. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Further columns that are kept in metadata. */
  readonly keep?: readonly string[] | undefined;
}

/** A source that streams records from files. Two rows with one id are `INPUT_INVALID`. */
export function fileSource(options: FileSourceOptions): RecordSource {
  const { path, ...rest } = options;
  return {
    description: JSON.parse(JSON.stringify(options)) as JsonObject,
    async fingerprint() {
      const files = await listFiles(path);
      const hashes = await Promise.all(files.map(async (file) => [basename(file), await hashFile(file)]));
      return hashJson([JSON.parse(JSON.stringify(rest)) as JsonObject, hashes]);
    },
    async *open({ signal } = {}): AsyncGenerator<TextRecord> {
      const checkId = createIdCheck();
      for (const file of await listFiles(path)) {
        const defaults: RecordDefaults = { ...rest, source: options.name ?? basename(file) };
        const mappings = new Map<string, ResolvedMapping>();
        for await (const row of readRows(file, { ...rest, signal })) {
          const record = rowToRecord(row, mappingOf(Object.keys(row.values), file, options, mappings), defaults);
          checkId(record.id, row.file, row.line);
          yield record;
        }
      }
    },
  };
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

async function listFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
      .map((entry) => join(entry.parentPath, entry.name));
    if (files.length > 0) return files.sort();
  } catch (error) {
    throw toAttuneError(error);
  }
  throw new AttuneError("DATA_EMPTY", `Expected data files in the folder ${path}, but it has none.`, {
    details: { file: path },
  });
}

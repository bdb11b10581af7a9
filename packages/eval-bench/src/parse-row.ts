import { AttuneError, describeValue } from "@attune/spec";
import type { PredictionRow } from "./metric.ts";

/** A row's place, for errors. */
export interface RowPlace {
  readonly file?: string | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
}

/** An error about a predictions row: FILE_CORRUPT with file, line and key. */
export function rowError(place: RowPlace, key: string, expected: string, received: unknown): AttuneError {
  const where = `${place.file ?? "predictions"}${place.line === undefined ? "" : `:${place.line}`}`;
  const details = {
    ...(place.file === undefined ? {} : { file: place.file }),
    ...(place.line === undefined ? {} : { line: place.line }),
    key,
  };
  return new AttuneError(
    "FILE_CORRUPT",
    `Expected ${expected} in "${key}" of ${where}, received ${describeValue(received)}.`,
    { details },
  );
}

/** The value as an object with unknown fields. */
export function objectOf(value: unknown, key: string, place: RowPlace): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw rowError(place, key, "an object", value);
  return value as Readonly<Record<string, unknown>>;
}

/** A field that must be text. */
export function textField(row: Readonly<Record<string, unknown>>, key: string, place: RowPlace): string {
  const value = row[key];
  if (typeof value !== "string") throw rowError(place, key, "text", value);
  return value;
}

/** A field that must be a finite number of at least `minimum`. */
export function numberField(
  row: Readonly<Record<string, unknown>>,
  key: string,
  place: RowPlace,
  minimum: number,
): number {
  const value = row[key];
  if (typeof value !== "number" || !Number.isFinite(value) || value < minimum) {
    throw rowError(place, key, Number.isFinite(minimum) ? `a number of at least ${minimum}` : "a finite number", value);
  }
  return value;
}

/** A field that may be absent, else must be true or false. */
export function flagField<Key extends string>(
  row: Readonly<Record<string, unknown>>,
  key: Key,
  place: RowPlace,
): { readonly [name in Key]?: boolean } {
  const value = row[key];
  if (value === undefined) return {};
  if (typeof value !== "boolean") throw rowError(place, key, "true or false", value);
  return { [key]: value } as { readonly [name in Key]: boolean };
}

/** The fields that every row has. */
export function commonFields(row: Readonly<Record<string, unknown>>, place: RowPlace): PredictionRow {
  const group = row["group"] === undefined ? {} : { group: textField(row, "group", place) };
  return { id: textField(row, "id", place), ...group, ...flagField(row, "list", place) };
}

import { booleanField, type FieldPlace, type FieldReader, readFields, textField } from "@attune/spec";
import type { PredictionRow } from "./metric.ts";

/** A reader of a predictions row. @throws AttuneError `FILE_CORRUPT` with file, line and key */
export function readRow(value: unknown, place: FieldPlace = {}): FieldReader {
  return readFields(value, { ...place, file: place.file ?? "predictions" });
}

/** The fields that every row has. */
export function commonFields(row: FieldReader): PredictionRow {
  const group = row.optional("group", textField);
  return { id: row.read("id", textField), ...(group === undefined ? {} : { group }), ...flag(row, "list") };
}

/** A field that may be absent, else must be true or false. */
export function flag<Key extends string>(row: FieldReader, key: Key): { readonly [name in Key]?: boolean } {
  const value = row.optional(key, booleanField);
  return value === undefined ? {} : ({ [key]: value } as { readonly [name in Key]: boolean });
}

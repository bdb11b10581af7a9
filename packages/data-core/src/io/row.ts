import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";

/** One row of a data file as people write it, before it becomes a record. */
export interface DataRow {
  /** Column name to value. */
  readonly values: JsonObject;
  /** File it was read from. */
  readonly file: string;
  /** Line on which it starts, counted from 1; the position in the list for a JSON array. */
  readonly line: number;
}

/** The value of a column, or of a field within it: `ticket.body`, where no column itself has that name. */
export function cellOf({ values }: DataRow, column: string): JsonValue | undefined {
  if (Object.hasOwn(values, column)) return values[column];
  let value: JsonValue | undefined = values;
  for (const step of column.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined;
    value = (value as JsonObject)[step];
  }
  return value;
}

/** Returns the value as an object, or throws `INPUT_INVALID` with file and line. */
export function asRow(value: JsonValue, file: string, line: number): DataRow {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return { values: value as JsonObject, file, line };
  const received = Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`;
  throw new AttuneError("INPUT_INVALID", `Expected an object in line ${line} of ${file}, but received ${received}.`, {
    hint: "Each row is an object of column names and values.",
    details: { file, line },
  });
}

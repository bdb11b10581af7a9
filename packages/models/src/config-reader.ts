// Reads fields of a `config.json`: every one is checked, and an error names file and key.
import { AttuneError, type ErrorCode, type JsonObject, type JsonValue, shorten } from "@attune/spec";

/** Typed access to the fields of one JSON object. An absent or null field takes the default; without one it is an error. */
export interface ConfigReader {
  readonly file: string | undefined;
  has(key: string): boolean;
  isNull(key: string): boolean;
  raw(key: string): JsonValue | undefined;
  integer(key: string, minimum: number, fallback?: number): number;
  /** A finite number above `above`. */
  number(key: string, above: number, fallback?: number): number;
  /** A list of `count` finite numbers above `above`. */
  numbers(key: string, above: number, count: number): number[];
  boolean(key: string, fallback: boolean): boolean;
  text(key: string, fallback?: string): string;
  /** An integer, several, or none. */
  integers(key: string): number[];
  /** A nested object, undefined where it is absent, null or empty. */
  object(key: string): ConfigReader | undefined;
  error(key: string, expected: string): AttuneError;
  unsupported(key: string, sentence: string, hint: string): AttuneError;
}

/** Reads `json`, whose keys are reported behind `prefix`. */
export function readConfig(json: JsonObject, file?: string, prefix = ""): ConfigReader {
  const fieldOf = (key: string): JsonValue | undefined =>
    Object.hasOwn(json, key) ? (json[key] ?? undefined) : undefined;
  const fail = (code: ErrorCode, key: string, sentence: string, hint?: string): AttuneError =>
    new AttuneError(code, `${file ?? "The configuration"}: ${sentence}`, {
      hint,
      details: { ...(file === undefined ? {} : { file }), key: prefix + key },
    });
  const error = (key: string, expected: string): AttuneError =>
    fail(
      "FILE_CORRUPT",
      key,
      `expected "${prefix}${key}" to be ${expected}, but it is ${shorten(JSON.stringify(fieldOf(key)) ?? "not there")}.`,
      "Check that the file is the one that came with the model; fetch it again if it was changed.",
    );
  const read = <T extends JsonValue>(
    key: string,
    expected: string,
    accepts: (value: JsonValue) => value is T,
    fallback?: T,
  ): T => {
    const value = fieldOf(key);
    if (value === undefined && fallback !== undefined) return fallback;
    if (value === undefined || !accepts(value)) throw error(key, expected);
    return value;
  };
  const isInteger = (value: JsonValue): value is number => Number.isSafeInteger(value);
  const isNumber = (value: JsonValue): value is number => Number.isFinite(value);
  return {
    file,
    has: (key) => fieldOf(key) !== undefined,
    isNull: (key) => json[key] === null,
    raw: fieldOf,
    integer: (key, minimum, fallback) =>
      read(
        key,
        `an integer of at least ${minimum}`,
        (value): value is number => isInteger(value) && value >= minimum,
        fallback,
      ),
    number: (key, above, fallback) =>
      read(key, `a number above ${above}`, (value): value is number => isNumber(value) && value > above, fallback),
    numbers: (key, above, count) =>
      read(
        key,
        `a list of ${count} numbers above ${above}`,
        (value): value is number[] =>
          Array.isArray(value) && value.length === count && value.every((item) => isNumber(item) && item > above),
      ),
    boolean: (key, fallback) => read(key, "true or false", (value) => typeof value === "boolean", fallback),
    text: (key, fallback) => read(key, "a string", (value) => typeof value === "string", fallback),
    integers(key) {
      const value = fieldOf(key) ?? [];
      const list = Array.isArray(value) ? value : [value];
      if (!list.every((item) => isInteger(item) && item >= 0)) throw error(key, "a token id, or a list of them");
      return list as number[];
    },
    object(key) {
      const value = fieldOf(key);
      if (value === undefined) return undefined;
      if (typeof value !== "object" || Array.isArray(value)) throw error(key, "an object");
      return Object.keys(value as JsonObject).length === 0
        ? undefined
        : readConfig(value as JsonObject, file, `${prefix}${key}.`);
    },
    error,
    unsupported: (key, sentence, hint) => fail("FILE_UNSUPPORTED", key, sentence, hint),
  };
}

// Reads fields of a `config.json`: every one is checked, and an error names file and key.
import {
  AttuneError,
  describeValue,
  type ErrorCode,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@attune/spec";

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
  /** One token id, several, or none. */
  tokenIds(key: string): number[];
  /** A nested object, undefined where it is absent, null or empty. */
  object(key: string): ConfigReader | undefined;
  error(key: string, expected: string): AttuneError;
  unsupported(key: string, sentence: string, hint: string): AttuneError;
}

/** What a field may be; `expected` ends the sentence "expected it to be". */
interface Kind<T extends JsonValue> {
  readonly expected: string;
  readonly accepts: (value: JsonValue) => value is T;
}

const integerFrom = (minimum: number): Kind<number> => ({
  expected: `an integer of at least ${minimum}`,
  accepts: (value): value is number => Number.isSafeInteger(value) && (value as number) >= minimum,
});

const numberAbove = (above: number): Kind<number> => ({
  expected: `a number above ${above}`,
  accepts: (value): value is number => Number.isFinite(value) && (value as number) > above,
});

const numbersAbove = (above: number, count: number): Kind<number[]> => ({
  expected: `a list of ${count} numbers above ${above}`,
  accepts: (value): value is number[] =>
    Array.isArray(value) && value.length === count && value.every(numberAbove(above).accepts),
});

const trueOrFalse: Kind<boolean> = { expected: "true or false", accepts: (value) => typeof value === "boolean" };

const text: Kind<string> = { expected: "a string", accepts: (value) => typeof value === "string" };

/**
 * Reads `json`, whose keys are reported behind `prefix`. Its readers throw `FILE_CORRUPT` for a field that is missing or of another kind.
 */
export function readConfig(json: JsonObject, file?: string, prefix = ""): ConfigReader {
  const fieldOf = (key: string): JsonValue | undefined =>
    Object.hasOwn(json, key) ? (json[key] ?? undefined) : undefined;
  const fail = (code: ErrorCode, key: string, sentence: string, hint?: string): AttuneError =>
    new AttuneError(code, `${file ?? "The configuration"}: ${sentence}`, {
      hint,
      details: { ...(file === undefined ? {} : { file }), key: prefix + key },
    });
  const error = (key: string, expected: string): AttuneError => {
    const found = fieldOf(key) === undefined ? "not there" : describeValue(fieldOf(key));
    return fail(
      "FILE_CORRUPT",
      key,
      `expected "${prefix}${key}" to be ${expected}, but it is ${found}.`,
      "Check that the file is the one that came with the model; fetch it again if it was changed.",
    );
  };
  const read = <T extends JsonValue>(key: string, kind: Kind<T>, fallback?: T): T => {
    const value = fieldOf(key);
    if (value === undefined && fallback !== undefined) return fallback;
    if (value === undefined || !kind.accepts(value)) throw error(key, kind.expected);
    return value;
  };
  return {
    file,
    has: (key) => fieldOf(key) !== undefined,
    isNull: (key) => json[key] === null,
    raw: fieldOf,
    integer: (key, minimum, fallback) => read(key, integerFrom(minimum), fallback),
    number: (key, above, fallback) => read(key, numberAbove(above), fallback),
    numbers: (key, above, count) => read(key, numbersAbove(above, count)),
    boolean: (key, fallback) => read(key, trueOrFalse, fallback),
    text: (key, fallback) => read(key, text, fallback),
    tokenIds(key) {
      const value = fieldOf(key) ?? [];
      const list = Array.isArray(value) ? value : [value];
      if (!list.every(integerFrom(0).accepts)) throw error(key, "a token id, or a list of them");
      return list;
    },
    object(key) {
      const value = fieldOf(key);
      if (value === undefined) return undefined;
      if (!isJsonObject(value)) throw error(key, "an object");
      return Object.keys(value).length === 0 ? undefined : readConfig(value, file, `${prefix}${key}.`);
    },
    error,
    unsupported: (key, sentence, hint) => fail("FILE_UNSUPPORTED", key, sentence, hint),
  };
}

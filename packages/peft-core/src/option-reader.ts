// Reads options of unknown origin (YAML, flags, a file): every value is checked, every key must be read, and an error names
// the key, what was expected and what was received.
import { AttuneError, describeValue, type JsonObject, type JsonValue, nearestName } from "@attune/spec";

/** Bounds of a number. */
export interface NumberBounds {
  readonly minimum?: number | undefined;
  /** Values must be below this. */
  readonly below?: number | undefined;
  /** Values must be above this. */
  readonly above?: number | undefined;
}

/** Typed access to the keys of an object. A key that is absent or null takes its fallback; without one it is an error. */
export interface OptionReader {
  has(key: string): boolean;
  raw(key: string): JsonValue | undefined;
  integer(key: string, bounds: NumberBounds, fallback?: number): number;
  number(key: string, bounds: NumberBounds, fallback?: number): number;
  boolean(key: string, fallback: boolean): boolean;
  /** One of some values. */
  choice<Value extends string>(key: string, values: readonly Value[], fallback?: Value): Value;
  text(key: string, fallback?: string): string;
  /** A list of strings; undefined if the key is absent. */
  texts(key: string): readonly string[] | undefined;
  /** A string, or a list of them. */
  textOrTexts(key: string): string | readonly string[] | undefined;
  /** A list of integers from 0; one alone is a list of one. */
  integers(key: string): readonly number[] | undefined;
  /** Numbers by free key, in the order they were written. */
  numbers(key: string, bounds: NumberBounds): Readonly<Record<string, number>>;
  /** An error about a key, in the reader's code and with its file. */
  error(key: string, sentence: string, hint?: string): AttuneError;
  /** Keys that nothing has read. */
  unread(): string[];
  /** Throws `CONFIG_UNKNOWN_KEY` for keys that nothing has read; `aliases` maps other spellings to the right key. */
  finish(aliases?: Readonly<Record<string, string>>): void;
}

/** Where options come from, for messages. */
export interface OptionOrigin {
  /** For example `lora options`. */
  readonly what: string;
  /** Set for the content of a file: errors are then `FILE_CORRUPT`, not `OPTIONS_INVALID`. */
  readonly file?: string | undefined;
}

/** A reader of `options`. @throws AttuneError `OPTIONS_INVALID` (of a file: `FILE_CORRUPT`) unless it is an object of plain values. */
export function readOptions(options: unknown, origin: OptionOrigin): OptionReader {
  const { values, read, raw, refusal, checked, optional } = openOptions(options, origin);
  return {
    has: (key) => raw(key) !== undefined,
    raw,
    integer: (key, bounds, fallback) =>
      checked(
        key,
        `an integer${boundText(bounds)}`,
        (value) => Number.isSafeInteger(value) && within(value, bounds),
        fallback,
      ),
    number: (key, bounds, fallback) =>
      checked(
        key,
        `a number${boundText(bounds)}`,
        (value) => Number.isFinite(value) && within(value, bounds),
        fallback,
      ),
    boolean: (key, fallback) => checked(key, "true or false", (value) => typeof value === "boolean", fallback),
    choice: (key, known, fallback) =>
      checked(key, `one of ${known.join(", ")}`, (value) => (known as readonly JsonValue[]).includes(value), fallback),
    text: (key, fallback) => checked(key, "a string", isText, fallback),
    texts: (key) => optional(key, "a list of strings", isTexts),
    textOrTexts: (key) => optional(key, "a string or a list of strings", (value) => isText(value) || isTexts(value)),
    integers(key) {
      const value = optional<number | readonly number[]>(key, "an integer from 0, or a list of them", (found) =>
        (Array.isArray(found) ? found : [found]).every((item) => Number.isSafeInteger(item) && item >= 0),
      );
      return typeof value === "number" ? [value] : value;
    },
    numbers(key, bounds) {
      const expected = `an object of numbers${boundText(bounds)}`;
      return checked(key, expected, (value) => isNumbers(value, bounds), {} as Record<string, number>);
    },
    error: (key, sentence, hint) => refusal("OPTIONS_INVALID", key, sentence, hint),
    unread: () => Object.keys(values).filter((key) => !read.has(key)),
    finish(aliases = {}) {
      const [unknown] = Object.keys(values).filter((key) => !read.has(key));
      if (unknown === undefined) return;
      const alias = Object.hasOwn(aliases, unknown) ? aliases[unknown] : undefined;
      const meant = alias ?? nearestName(unknown, [...read]);
      const hint = meant === undefined ? `Known: ${[...read].join(", ")}.` : `Did you mean "${meant}"?`;
      throw refusal("CONFIG_UNKNOWN_KEY", unknown, `"${unknown}" is not an option of ${origin.what}.`, hint);
    },
  };
}

/** Options with the checks that all kinds of values share. */
interface OpenOptions {
  readonly values: JsonObject;
  /** Keys that were asked for. */
  readonly read: ReadonlySet<string>;
  raw(key: string): JsonValue | undefined;
  /** An error with this code; about a file it is `FILE_CORRUPT`. */
  refusal(code: OptionErrorCode, key: string | undefined, sentence: string, hint?: string): AttuneError;
  /** The value of a key or its fallback, of which one must be accepted. */
  checked<Value extends JsonValue>(key: string, expected: string, accepts: Accepts, fallback?: Value): Value;
  /** Undefined if the key is absent. */
  optional<Value extends JsonValue>(key: string, expected: string, accepts: Accepts): Value | undefined;
}

type OptionErrorCode = "OPTIONS_INVALID" | "CONFIG_UNKNOWN_KEY";

type Accepts = (value: JsonValue) => boolean;

function openOptions(options: unknown, { what, file }: OptionOrigin): OpenOptions {
  const read = new Set<string>();
  const refusal: OpenOptions["refusal"] = (code, key, sentence, hint) =>
    new AttuneError(file === undefined ? code : "FILE_CORRUPT", `${file ?? capitalised(what)}: ${sentence}`, {
      hint,
      details: { ...(file === undefined ? {} : { file }), ...(key === undefined ? {} : { key }) },
    });
  const given = options ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw refusal("OPTIONS_INVALID", undefined, `expected an object of options, got ${describeValue(given)}.`);
  }
  const values = given as JsonObject;
  const raw: OpenOptions["raw"] = (key) => {
    read.add(key);
    return Object.hasOwn(values, key) ? (values[key] ?? undefined) : undefined;
  };
  const checked: OpenOptions["checked"] = <Value extends JsonValue>(
    key: string,
    expected: string,
    accepts: Accepts,
    fallback?: Value,
  ): Value => {
    const value = raw(key) ?? fallback;
    if (value === undefined || !accepts(value))
      throw refusal("OPTIONS_INVALID", key, `expected "${key}" to be ${expected}, got ${describeValue(value)}.`);
    return value as Value;
  };
  return {
    values,
    read,
    raw,
    refusal,
    checked,
    optional: (key, expected, accepts) => (raw(key) === undefined ? undefined : checked(key, expected, accepts)),
  };
}

const isText = (value: JsonValue): boolean => typeof value === "string" && value !== "";
const isTexts = (value: JsonValue): boolean => Array.isArray(value) && value.every(isText);

function isNumbers(value: JsonValue, bounds: NumberBounds): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((item) => Number.isFinite(item) && within(item, bounds));
}

function within(value: JsonValue, { minimum, above, below }: NumberBounds): boolean {
  const number = value as number;
  return !(
    (minimum !== undefined && number < minimum) ||
    (above !== undefined && number <= above) ||
    (below !== undefined && number >= below)
  );
}

function boundText({ minimum, above, below }: NumberBounds): string {
  const parts = [
    minimum === undefined ? "" : `at least ${minimum}`,
    above === undefined ? "" : `above ${above}`,
    below === undefined ? "" : `below ${below}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

// Reads the fields of a JSON object of unknown origin: a file, a recipe, flags. Every value is checked, and an error says where it
// stands, what was expected and what was received.
import { AttuneError } from "./attune-error.ts";
import { describeValue } from "./describe-value.ts";
import type { ErrorCode } from "./error-code.ts";
import type { FieldKind } from "./field-kind.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { rejectUnknownKeys } from "./reject-unknown-keys.ts";

/** Where fields come from. */
export interface FieldPlace {
  /** The file that holds them, whose errors are `FILE_CORRUPT`; without one they are options, whose errors are `OPTIONS_INVALID`. */
  readonly file?: string | undefined;
  /** Line in that file, counted from 1. */
  readonly line?: number | undefined;
  /** What has these options, for example `the method lora`; messages begin with it where there is no file. */
  readonly what?: string | undefined;
}

/** Typed access to the fields of one object. */
export interface FieldReader {
  /** The object itself. */
  readonly fields: JsonObject;
  /** Where the object stands: `config.json`, `tokenizer.json: model`, `the method lora`. */
  readonly where: string;
  /** Whether a field is there and not null. */
  has(key: string): boolean;
  /** A field as it is; undefined where it is absent or null. */
  raw(key: string): JsonValue | undefined;
  /** A field of a kind. One that is absent or null has the fallback; without a fallback that is an error. */
  read<Value extends JsonValue>(key: string, kind: FieldKind<Value>, fallback?: NoInfer<Value>): Value;
  /** A field of a kind, undefined where it is absent or null. */
  optional<Value extends JsonValue>(key: string, kind: FieldKind<Value>): Value | undefined;
  /** The object under a key. */
  object(key: string): FieldReader;
  /** The object under a key, undefined where it is absent or null. */
  optionalObject(key: string): FieldReader | undefined;
  /** The list of objects under a key. */
  objects(key: string): FieldReader[];
  /** The error that a field, or the value that is given, is not what it has to be: `expected "key" to be ..., but received ...`. */
  refusal(key: string, expected: string, value?: JsonValue): AttuneError;
  /** An error about a field, or about the whole object, in a sentence of its own. */
  error(key: string | undefined, sentence: string, hint?: string): AttuneError;
  /** As `error`, for what is right in a file but not supported here. */
  unsupported(key: string | undefined, sentence: string, hint: string): AttuneError;
  /** Keys that nothing has read. */
  unread(): string[];
  /** Throws `CONFIG_UNKNOWN_KEY` for a key that nothing has read; `aliases` maps other spellings to the right key. */
  finish(aliases?: Readonly<Record<string, string>>): void;
}

/**
 * A reader of an object's fields. Options that are undefined or null have none.
 *
 * @throws AttuneError `FILE_CORRUPT` or, for options, `OPTIONS_INVALID` for anything but an object; its readers throw them for fields
 */
export function readFields(value: unknown, place: FieldPlace): FieldReader {
  const given = place.file === undefined ? (value ?? {}) : value;
  if (isJsonObject(given)) return createReader(given, place, "");
  throw fieldError(place, "", undefined, `expected an object, but received ${describeValue(value)}.`);
}

function createReader(fields: JsonObject, place: FieldPlace, path: string): FieldReader {
  const asked = new Set<string>();
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const own = (key: string): JsonValue | undefined => (Object.hasOwn(fields, key) ? fields[key] : undefined);
  const raw = (key: string): JsonValue | undefined => {
    asked.add(key);
    return own(key) ?? undefined;
  };
  const refusal = (key: string, expected: string, value = own(key)): AttuneError => {
    const received = value === undefined ? "it is missing" : `received ${describeValue(value)}`;
    return fieldError(place, "", at(key), `expected "${at(key)}" to be ${expected}, but ${received}.`);
  };
  const read: FieldReader["read"] = (key, kind, fallback) => {
    const value = raw(key) ?? fallback;
    if (value !== undefined && kind.accepts(value)) return value;
    throw refusal(key, kind.expected);
  };
  const open = (key: string, value: JsonValue | undefined): FieldReader => {
    if (isJsonObject(value)) return createReader(value, place, at(key));
    throw refusal(key, "an object", value);
  };
  return {
    fields,
    where: placeText(place, path),
    has: (key) => raw(key) !== undefined,
    raw,
    read,
    optional: (key, kind) => (raw(key) === undefined ? undefined : read(key, kind)),
    object: (key) => open(key, raw(key)),
    optionalObject: (key) => (raw(key) === undefined ? undefined : open(key, raw(key))),
    objects(key) {
      const list = raw(key);
      if (!Array.isArray(list)) throw refusal(key, "a list");
      return list.map((item: JsonValue, index) => open(`${key}[${index}]`, item));
    },
    refusal,
    error: (key, sentence, hint) => fieldError(place, path, key && at(key), sentence, { hint }),
    unsupported: (key, sentence, hint) =>
      fieldError(place, path, key && at(key), sentence, { hint, code: "FILE_UNSUPPORTED" }),
    unread: () => Object.keys(fields).filter((key) => !asked.has(key)),
    finish: (aliases) => rejectUnknownKeys(placeText(place, path), Object.keys(fields), [...asked], aliases),
  };
}

function placeText({ file, line, what = "the options" }: FieldPlace, path: string): string {
  const place = file ?? what;
  return `${place}${line === undefined ? "" : `:${line}`}${path === "" ? "" : `: ${path}`}`;
}

const damaged = "The file is damaged or of another kind; fetch or write it again.";

function fieldError(
  place: FieldPlace,
  path: string,
  key: string | undefined,
  sentence: string,
  options: { readonly hint?: string | undefined; readonly code?: ErrorCode } = {},
): AttuneError {
  const { file, line } = place;
  const code = options.code ?? (file === undefined ? "OPTIONS_INVALID" : "FILE_CORRUPT");
  const where = placeText(place, path);
  const start = file === undefined ? where.slice(0, 1).toUpperCase() + where.slice(1) : where;
  return new AttuneError(code, `${start}: ${sentence}`, {
    hint: options.hint ?? (code === "FILE_CORRUPT" ? damaged : undefined),
    details: {
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(key === undefined ? {} : { key }),
    },
  });
}

import type { JsonValue } from "./json.ts";
import { isJsonObject } from "./json.ts";

/** What the value of a field may be. */
export interface FieldKind<Value extends JsonValue> {
  /** Completes the sentence "Expected ... to be". */
  readonly expected: string;
  accepts(value: unknown): value is Value;
}

/** Bounds of a number. */
export interface NumberBounds {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  /** Values must be above this. */
  readonly above?: number | undefined;
  /** Values must be below this. */
  readonly below?: number | undefined;
}

/** Any text. */
export const textField: FieldKind<string> = {
  expected: "a text",
  accepts: (value) => typeof value === "string",
};

/** A text with something in it. */
export const filledTextField: FieldKind<string> = {
  expected: "a text that is not empty",
  accepts: (value): value is string => typeof value === "string" && value !== "",
};

/** True or false. */
export const booleanField: FieldKind<boolean> = {
  expected: "true or false",
  accepts: (value) => typeof value === "boolean",
};

/** A finite number within bounds. */
export function numberField(bounds: NumberBounds = {}): FieldKind<number> {
  return {
    expected: `a number${boundsText(bounds)}`,
    accepts: (value): value is number => Number.isFinite(value) && isWithin(value as number, bounds),
  };
}

/** A whole number within bounds. */
export function integerField(bounds: NumberBounds = {}): FieldKind<number> {
  return {
    expected: `a whole number${boundsText(bounds)}`,
    accepts: (value): value is number => Number.isSafeInteger(value) && isWithin(value as number, bounds),
  };
}

/** One of a few words. */
export function choiceField<const Choice extends string>(choices: readonly Choice[]): FieldKind<Choice> {
  return {
    expected: `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`,
    accepts: (value): value is Choice => choices.some((choice) => choice === value),
  };
}

/** Any list. */
export const anyListField: FieldKind<readonly JsonValue[]> = {
  expected: "a list",
  accepts: (value): value is readonly JsonValue[] => Array.isArray(value),
};

/** A list of values of one kind. */
export function listField<Value extends JsonValue>(
  item: FieldKind<Value>,
  { length, distinct = false }: { readonly length?: number; readonly distinct?: boolean } = {},
): FieldKind<readonly Value[]> {
  const size = length === undefined ? "" : `${length} `;
  return {
    expected: `a list of ${size}${distinct ? "distinct " : ""}values, each ${item.expected}`,
    accepts: (value): value is readonly Value[] =>
      Array.isArray(value) &&
      (length === undefined || value.length === length) &&
      !(distinct && new Set(value).size !== value.length) &&
      value.every((each) => item.accepts(each)),
  };
}

/** A value of a kind, or a list of such. */
export function oneOrMoreField<Value extends JsonValue>(item: FieldKind<Value>): FieldKind<Value | readonly Value[]> {
  return {
    expected: `${item.expected}, or a list of such`,
    accepts: (value): value is Value | readonly Value[] =>
      Array.isArray(value) ? value.every((each) => item.accepts(each)) : item.accepts(value),
  };
}

/** An object of values of one kind by free keys. */
export function recordField<Value extends JsonValue>(
  item: FieldKind<Value>,
): FieldKind<{ readonly [key: string]: Value }> {
  return {
    expected: `an object whose values are each ${item.expected}`,
    accepts: (value): value is { readonly [key: string]: Value } =>
      isJsonObject(value) && Object.values(value).every((each) => item.accepts(each)),
  };
}

/** A value of a kind, or null for "not set". */
export function nullableField<Value extends JsonValue>(item: FieldKind<Value>): FieldKind<Value | null> {
  return {
    expected: `${item.expected}, or null`,
    accepts: (value): value is Value | null => value === null || item.accepts(value),
  };
}

function isWithin(value: number, { minimum, maximum, above, below }: NumberBounds): boolean {
  return !(
    (minimum !== undefined && value < minimum) ||
    (maximum !== undefined && value > maximum) ||
    (above !== undefined && value <= above) ||
    (below !== undefined && value >= below)
  );
}

function boundsText({ minimum, maximum, above, below }: NumberBounds): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const parts = [
    minimum !== undefined && `from ${minimum}`,
    above !== undefined && `above ${above}`,
    maximum !== undefined && `up to ${maximum}`,
    below !== undefined && `below ${below}`,
  ].filter((part) => part !== false);
  return parts.map((part, index) => `${index === 0 ? "" : " and"} ${part}`).join("");
}

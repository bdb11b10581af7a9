// Parsers of option values, for commander: each refuses what it does not understand with what it expected.
import { type FieldKind, integerField, type NumberBounds, numberField } from "@attune/spec";
import { InvalidArgumentError } from "commander";

/** A whole number of at least `minimum`. */
export function integerFrom(minimum: number): (text: string) => number {
  const kind = integerField({ minimum });
  return (text) => checked(/^-?\d+$/.test(text) ? Number(text) : Number.NaN, kind);
}

/** A finite number within bounds. */
export function numberIn(bounds: NumberBounds): (text: string) => number {
  const kind = numberField(bounds);
  return (text) => checked(text.trim() === "" ? Number.NaN : Number(text), kind);
}

function checked(value: number, { accepts, expected }: FieldKind<number>): number {
  if (accepts(value)) return value;
  throw new InvalidArgumentError(`Expected ${expected}.`);
}

/** One of these words. */
export function oneOf(...choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (choices.includes(text)) return text;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
  };
}

/** `key=value`, collected over repeated options. The value is read as JSON where it is JSON, else as text. */
export function collectSettings(text: string, previous: readonly Setting[] = []): readonly Setting[] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("Expected KEY=VALUE.");
  return [...previous, { key: text.slice(0, equals), value: parseValue(text.slice(equals + 1)) }];
}

/** One `--set`. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Any text, collected over repeated options. */
export function collectWords(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

/** Names separated by commas; an empty text is an empty list. */
export function words(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (text.trim() === "") return [];
  if (names.includes("")) throw new InvalidArgumentError("Expected names separated by commas.");
  return names;
}

/** `role=column,role=column` as an object. */
export function columnPairs(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").map((pair) => {
    const equals = pair.indexOf("=");
    if (equals < 1 || equals === pair.length - 1) throw new InvalidArgumentError("Expected ROLE=COLUMN[,ROLE=COLUMN].");
    return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()] as const;
  });
  return Object.fromEntries(pairs);
}

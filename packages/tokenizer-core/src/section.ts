import { AttuneError, describeValue, isJsonObject, type JsonObject, type JsonValue } from "@attune/spec";

/** One JSON object of a tokenizer file and where it stands, for errors that say so. */
export interface Section {
  readonly value: JsonObject;
  /** For example `tokenizer.json: pre_tokenizer.pretokenizers[1]`. */
  readonly where: string;
}

/** Makes the error for something in a tokenizer file that is not as it must be. */
export function corruptSection(where: string, problem: string, hint?: string): AttuneError {
  return new AttuneError("FILE_CORRUPT", `${where}: ${problem}`, {
    hint: hint ?? "The file is damaged or of another kind; fetch or write it again.",
    details: { key: where },
  });
}

/** Checks that a value is an object. Throws `FILE_CORRUPT` for anything else. */
export function sectionOf(value: JsonValue | undefined, where: string): Section {
  if (isJsonObject(value)) return { value, where };
  throw corruptSection(where, `expected an object, but found ${describeValue(value)}.`);
}

/** The object under a key, or undefined when it is absent or null. */
export function optionalSection(section: Section, key: string): Section | undefined {
  const value = section.value[key];
  return value === undefined || value === null ? undefined : sectionOf(value, join(section.where, key));
}

/** The list of objects under a key. */
export function sectionList(section: Section, key: string): Section[] {
  return listField(section, key).map((value, index) => sectionOf(value, `${join(section.where, key)}[${index}]`));
}

/** The list under a key. Throws `FILE_CORRUPT` for anything else. */
export function listField(section: Section, key: string): readonly JsonValue[] {
  const value = section.value[key];
  if (Array.isArray(value)) return value;
  throw corruptSection(join(section.where, key), `expected a list, but found ${describeValue(value)}.`);
}

/** The text under a key; absent or null gives the fallback where there is one. Throws `FILE_CORRUPT` for anything else. */
export function stringField(section: Section, key: string, fallback?: string): string {
  return field(section, key, "string", fallback) as string;
}

/** The truth value under a key; absent or null gives the fallback where there is one. Throws `FILE_CORRUPT` for anything else. */
export function booleanField(section: Section, key: string, fallback?: boolean): boolean {
  return field(section, key, "boolean", fallback) as boolean;
}

/** The whole number from 0 under a key; absent or null gives the fallback where there is one. Throws `FILE_CORRUPT` for anything else. */
export function countField(section: Section, key: string, fallback?: number): number {
  const value = field(section, key, "number", fallback) as number;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw corruptSection(join(section.where, key), `expected a whole number from 0, but found ${value}.`);
}

/** The value under a key, which must be one of some. */
export function choiceField<Choice extends string>(
  section: Section,
  key: string,
  choices: readonly Choice[],
  fallback?: Choice,
): Choice {
  const value = stringField(section, key, fallback);
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw corruptSection(join(section.where, key), `expected one of ${choices.join(", ")}, but found "${value}".`);
}

function field(section: Section, key: string, type: string, fallback: JsonValue | undefined): JsonValue {
  const value = section.value[key] ?? fallback;
  if (value !== undefined && typeof value === type) return value;
  throw corruptSection(join(section.where, key), `expected a ${type}, but found ${describeValue(value)}.`);
}

function join(where: string, key: string): string {
  return where.endsWith(".json") ? `${where}: ${key}` : `${where}.${key}`;
}

// Names in metadata that an option refers to: what is found under them, and a complaint where no record has one. Left alone, a name
// that is misspelt, or a column that was never kept, would mean records that belong together and are told apart.
import { AttuneError, type JsonValue, type TextRecord } from "@attune/spec";

/** Names under which stages note what they find; a data set in which they find nothing has none of them. */
const namesOfStages: ReadonlySet<string> = new Set(["cluster", "thread", "sender"]);

/** As many names are told in an error. */
const toldNames = 20;

/** What lies under a name in metadata; where no field has that very name, dots lead to inner ones (`content.prompt`). */
export function metadataAt({ metadata = {} }: TextRecord, name: string): JsonValue | undefined {
  if (Object.hasOwn(metadata, name)) return metadata[name];
  let value: JsonValue | undefined = metadata;
  for (const key of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, JsonValue>>)[key];
  }
  return value;
}

/** Watches records for names that an option gives. */
export interface NameCheck {
  /** Takes a record. */
  visit(record: TextRecord): void;
  /** Throws `OPTIONS_INVALID` for a name that no record had, naming those that are there; nothing is said where there was no record. */
  finish(): void;
}

/**
 * A check of names in metadata that `key`, an option such as `groupBy`, gives. What stages note where they find any (`cluster`,
 * `thread`, `sender`) may be missing from every record.
 */
export function createNameCheck(key: string, names: readonly string[]): NameCheck {
  const missing = new Set(names.filter((name) => !namesOfStages.has(name)));
  const present = new Set<string>();
  let records = 0;
  return {
    visit(record) {
      records++;
      for (const name of missing) if (metadataAt(record, name) !== undefined) missing.delete(name);
      if (present.size > toldNames) return;
      for (const name of Object.keys(record.metadata ?? {})) present.add(name);
    },
    finish() {
      const [name] = missing;
      if (records > 0 && name !== undefined) throw unknownName(key, name, [...present]);
    },
  };
}

function unknownName(key: string, name: string, present: readonly string[]): AttuneError {
  const told = present.slice(0, toldNames).join(", ") + (present.length > toldNames ? ", ..." : "");
  return new AttuneError(
    "OPTIONS_INVALID",
    `Expected "${name}" of ${key} in the metadata of some record, but ${told === "" ? "no record has metadata" : `there are only ${told}`}.`,
    { hint: `A column of the data is kept in metadata by keep: [${name}] at its source.`, details: { key, name } },
  );
}

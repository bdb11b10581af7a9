import { AttuneError, type JsonValue, type TextRecord } from "@attune/spec";
import { type Hash64, hashText } from "../hash-text.ts";
import { normaliseText } from "../normalise-text.ts";

/** A key that must not be shared between parts: which kind it is of, and its hash. */
export interface GroupKey {
  /** `text`, or the name in metadata. */
  readonly kind: string;
  /** Hash of kind and value. */
  readonly hash: Hash64;
}

/**
 * Returns what ties a record to others: its own text (lower case, white space folded) and the values under the given
 * names in metadata (`cluster`, or with dots `content.prompt`), each a text or a list of texts; a missing or empty one
 * ties it to none.
 */
export function groupKeysOf(record: TextRecord, names: readonly string[]): GroupKey[] {
  const keys: GroupKey[] = [{ kind: "text", hash: hashText(`text\n${normaliseText(record.text, "fold-space")}`) }];
  for (const name of names) {
    const value = valueAt(record, name);
    if (value === undefined || value === null) continue;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const each of values) {
      if (typeof each !== "string") {
        throw new AttuneError(
          "INPUT_INVALID",
          `Expected metadata.${name} of record "${record.id}" to be a text or a list of texts, but received ${JSON.stringify(each)}.`,
          {
            hint: "Group by another key, or correct the stage that wrote it.",
            details: { key: name },
          },
        );
      }
      if (each !== "") keys.push({ kind: name, hash: hashText(`${name}\n${each}`) });
    }
  }
  return keys;
}

function valueAt(record: TextRecord, name: string): JsonValue | undefined {
  let value: JsonValue | undefined = record.metadata ?? {};
  for (const key of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, JsonValue>>)[key];
  }
  return value;
}

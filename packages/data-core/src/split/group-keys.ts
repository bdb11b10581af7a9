import { AttuneError, describeValue, type TextRecord } from "@attune/spec";
import { type Hash64, hashText } from "../hash-text.ts";
import { normaliseText } from "../normalise-text.ts";
import { metadataAt } from "./metadata-names.ts";

/** A key that must not be shared between parts: which kind it is of, and its hash. */
export interface GroupKey {
  /** `text`, or the name in metadata. */
  readonly kind: string;
  /** Hash of kind and value. */
  readonly hash: Hash64;
}

/**
 * Returns what ties a record to others: its own text (lower case, white space folded) and the values under the given
 * names in metadata (`cluster`, or with dots `content.prompt`), each a text, a number or a list of those; a missing or empty one
 * ties it to none.
 */
export function groupKeysOf(record: TextRecord, names: readonly string[]): GroupKey[] {
  const text = { kind: "text", hash: hashText(`text\n${normaliseText(record.text, "fold-space")}`) };
  const named = names.flatMap((name) =>
    groupValuesOf(record, name).map((value) => ({ kind: name, hash: hashText(`${name}\n${value}`) })),
  );
  return [text, ...named];
}

/**
 * The one group that a record names in metadata (with dots within it), undefined where it names none. Throws `INPUT_INVALID` for more
 * than one, and for what names no group.
 */
export function groupValueOf(record: TextRecord, name: string): string | undefined {
  const values = groupValuesOf(record, name);
  if (values.length <= 1) return values[0];
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected metadata.${name} of record "${record.id}" to name one group, but it names ${values.length}.`,
    {
      hint: "Group by splitGroup, which the stage split gives to records that share any of them.",
      details: { key: name },
    },
  );
}

/** The groups that a record names, as texts. */
function groupValuesOf(record: TextRecord, name: string): string[] {
  const value = metadataAt(record, name);
  if (value === undefined || value === null) return [];
  return [value].flat().flatMap((each) => {
    if (typeof each === "number") return [String(each)];
    if (typeof each === "string") return each === "" ? [] : [each];
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected metadata.${name} of record "${record.id}" to be a text, a number or a list of them, but received ${describeValue(each)}.`,
      { hint: "Group by another key, or correct the stage that wrote it.", details: { key: name } },
    );
  });
}

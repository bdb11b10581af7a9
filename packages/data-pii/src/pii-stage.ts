import { type DataStage, hashText, hashToHex, mapTexts, option, optionalOption, optionSchema } from "@attune/data-core";
import {
  choiceField,
  integerField,
  type JsonObject,
  type JsonValue,
  listField,
  numberField,
  recordField,
  rejectUnknownKeys,
  type TextRecord,
  textField,
} from "@attune/spec";
import { maskPii } from "./mask-pii.ts";
import { type PiiType, piiTypes } from "./pii-type.ts";

/** Options of the pii stage. */
export interface PiiOptions {
  /** Kinds that are looked for. */
  readonly types: readonly PiiType[];
  /** Smallest score of a match. */
  readonly threshold: number;
  /** Replace matches by placeholders, or only count them. */
  readonly action: "mask" | "flag";
  /** Placeholders other than `[EMAIL]`, `[URL]`, ..., by kind. */
  readonly placeholders: Readonly<Partial<Record<PiiType, string>>>;
  /** Records with more matches are dropped; null: none are. */
  readonly maxMatches: number | null;
  /** Names in metadata whose texts are replaced by pseudonyms: equal ones stay equal, so that groups still hold. */
  readonly pseudonymise: readonly string[];
  /** Goes into the pseudonyms; without it, who has the addresses can compute them. */
  readonly salt: string;
}

const schema = optionSchema("the stage pii", {
  types: option(listField(choiceField(piiTypes), { distinct: true }), piiTypes),
  threshold: option(numberField({ minimum: 0, maximum: 1 }), 0.5),
  action: option(choiceField(["mask", "flag"]), "mask"),
  placeholders: option(recordField(textField), {}),
  maxMatches: optionalOption(integerField({ minimum: 0 })),
  pseudonymise: option(listField(textField, { distinct: true }), ["sender", "thread"]),
  salt: option(textField, ""),
});

/**
 * Masks personal data in every text of a record and pseudonymises metadata. Rules are the kinds (records that hold one)
 * and `too-many`; the number of matches of each kind is in the report.
 */
export const piiStage: DataStage<PiiOptions> = {
  kind: "data-stage",
  specificationVersion: 1,
  id: "pii",
  version: "2",
  description: "Masks e-mail addresses, phone numbers, URLs, IP addresses, card numbers and IBANs",
  parse(options) {
    const parsed = schema.parse(options);
    rejectUnknownKeys("the placeholders of pii", Object.keys(parsed.placeholders), piiTypes);
    return parsed;
  },
  async *run(records, options, { counters, report }) {
    const totals = Object.fromEntries(options.types.map((type) => [type, 0]));
    for await (const record of records) {
      const counts = new Map<PiiType, number>();
      const masked = mapTexts(record, (text) => {
        const result = maskPii(text, options);
        for (const { type } of result.spans) counts.set(type, (counts.get(type) ?? 0) + 1);
        return options.action === "mask" ? result.text : text;
      });
      const matches = [...counts.values()].reduce((sum, count) => sum + count, 0);
      if (options.maxMatches !== null && matches > options.maxMatches) {
        counters.dropped(record, "too-many", { value: matches, threshold: options.maxMatches });
        continue;
      }
      for (const [type, count] of counts) {
        totals[type]! += count;
        if (options.action === "mask") counters.changed(record, type);
        else counters.flagged(record, type);
      }
      yield pseudonymise(masked, options);
    }
    report("matches", totals);
  },
};

function pseudonymise(record: TextRecord, { pseudonymise: names, salt }: PiiOptions): TextRecord {
  const present = names.filter((name) => record.metadata?.[name] !== undefined);
  if (present.length === 0) return record;
  const replaced = present.map((name): [string, JsonValue] => [name, replaceTexts(record.metadata![name]!, salt)]);
  const metadata: JsonObject = { ...record.metadata, ...Object.fromEntries(replaced) };
  return { ...record, metadata };
}

function replaceTexts(value: JsonValue, salt: string): JsonValue {
  if (typeof value === "string") return value === "" ? "" : `~${hashToHex(hashText(`${salt}\n${value}`))}`;
  return Array.isArray(value) ? value.map((each: JsonValue) => replaceTexts(each, salt)) : value;
}

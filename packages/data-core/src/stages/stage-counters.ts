import { AttuneError, describeValue, type JsonValue, type TextRecord } from "@attune/spec";
import { isRecord } from "../records/is-record.ts";

/** What happened to records. `flagged` changes nothing: the rule only reports. */
export type RuleAction = "dropped" | "changed" | "flagged";

/** A measured value and the limit it was held against. */
export interface RuleDetail {
  /** What was measured on this record. */
  readonly value?: JsonValue | undefined;
  /** The limit of the rule. */
  readonly threshold?: JsonValue | undefined;
}

/** How often a rule acted, with the first records it acted on. */
export interface RuleCount {
  /** Name of the rule. */
  readonly rule: string;
  /** What it did. */
  readonly action: RuleAction;
  /** How many records it did that to. */
  readonly count: number;
  /** The limit, when the rule has one. */
  readonly threshold?: JsonValue;
  /** The first records, with what was measured. */
  readonly sample: readonly { readonly id: string; readonly value?: JsonValue }[];
}

/** Counts kept by a stage while it runs. */
export interface StageCounters {
  /** The record does not come out of the stage. */
  dropped(record: TextRecord, rule: string, detail?: RuleDetail): void;
  /** The record differs because of this rule. */
  changed(record: TextRecord, rule: string, detail?: RuleDetail): void;
  /** The record comes out as it is; the rule has something to say about it. */
  flagged(record: TextRecord, rule: string, detail?: RuleDetail): void;
  /** The stage made a record that did not come in. */
  created(count?: number): void;
}

/** Counters together with their totals. */
export interface CountingCounters extends StageCounters {
  /** Totals so far. */
  totals(): { readonly dropped: number; readonly changed: number; readonly created: number };
  /** Per rule, in the order of first use. */
  rules(): RuleCount[];
}

/** Makes counters that keep the first `sampleSize` ids of each rule. */
export function createCounters(sampleSize = 10): CountingCounters {
  const rules = new Map<
    string,
    { -readonly [K in keyof RuleCount]: RuleCount[K] } & { sample: { id: string; value?: JsonValue }[] }
  >();
  const totals = { dropped: 0, changed: 0, created: 0 };
  let lastChanged: string | undefined;
  const count = (action: RuleAction, record: TextRecord, rule: string, detail: RuleDetail = {}): void => {
    if (!isRecord(record) || typeof rule !== "string") {
      const given = isRecord(record) ? `rule ${describeValue(rule)}` : describeValue(record);
      throw new AttuneError(
        "INTERNAL",
        `Expected a record and the name of a rule to count as ${action}, but received ${given}.`,
        {
          hint: `counters.${action}(record, "name-of-the-rule").`,
        },
      );
    }
    const { id } = record;
    const key = `${action} ${rule}`;
    let entry = rules.get(key);
    if (entry === undefined) {
      entry = {
        rule,
        action,
        count: 0,
        ...(detail.threshold === undefined ? {} : { threshold: detail.threshold }),
        sample: [],
      };
      rules.set(key, entry);
    }
    entry.count += 1;
    if (entry.sample.length < sampleSize)
      entry.sample.push(detail.value === undefined ? { id } : { id, value: detail.value });
  };
  return {
    dropped(record, rule, detail) {
      count("dropped", record, rule, detail);
      totals.dropped += 1;
    },
    changed(record, rule, detail) {
      count("changed", record, rule, detail);
      // Several rules may change one record, one after the other.
      if (record.id !== lastChanged) totals.changed += 1;
      lastChanged = record.id;
    },
    flagged: (record, rule, detail) => count("flagged", record, rule, detail),
    created(amount = 1) {
      totals.created += amount;
    },
    totals: () => ({ ...totals }),
    rules: () => [...rules.values()].map((entry) => ({ ...entry, sample: [...entry.sample] })),
  };
}

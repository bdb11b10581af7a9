import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPii, type PiiType } from "../src/index.ts";

const folder = process.env["ATTUNE_TEST_DATA"];

/** Labels of the test set that are kinds of ours; its other labels (names, places, dates, ...) need a model. */
const typeOf: Readonly<Record<string, PiiType>> = {
  EMAIL_ADDRESS: "email",
  DOMAIN_NAME: "url",
  IBAN_CODE: "iban",
  CREDIT_CARD: "card",
  IP_ADDRESS: "ip",
  PHONE_NUMBER: "phone",
};
/** Lowest precision and recall that are accepted on the large set, by which the patterns were developed. */
const floors: Readonly<Record<PiiType, readonly [number, number]>> = {
  email: [1, 1],
  url: [1, 1],
  iban: [1, 1],
  card: [1, 0.99],
  ip: [1, 1],
  phone: [0.95, 0.98],
};

interface Row {
  readonly full_text: string;
  readonly spans: readonly {
    readonly entity_type: string;
    readonly start_position: number;
    readonly end_position: number;
  }[];
}
interface Counts {
  gold: number;
  found: number;
  hit: number;
}

/** A gold span is hit by a match of its kind with the same offsets; for phone numbers half of it is enough. */
function measure(rows: readonly Row[]): Map<PiiType, Counts & { misses: string[]; extras: string[] }> {
  const result = new Map(
    Object.values(typeOf).map((type) => [
      type,
      { gold: 0, found: 0, hit: 0, misses: [] as string[], extras: [] as string[] },
    ]),
  );
  for (const { full_text: text, spans } of rows) {
    const found = findPii(text);
    const gold = spans.flatMap((span) =>
      typeOf[span.entity_type]
        ? [{ type: typeOf[span.entity_type]!, start: span.start_position, end: span.end_position }]
        : [],
    );
    const meets = (a: { type: PiiType; start: number; end: number }, b: typeof a): boolean =>
      a.type === b.type &&
      (a.type === "phone"
        ? (Math.min(a.end, b.end) - Math.max(a.start, b.start)) * 2 >= a.end - a.start
        : a.start === b.start && a.end === b.end);
    for (const each of gold) {
      const counts = result.get(each.type)!;
      counts.gold += 1;
      if (found.some((match) => meets(each, match))) counts.hit += 1;
      else counts.misses.push(text.slice(each.start, each.end));
    }
    for (const match of found) {
      const counts = result.get(match.type)!;
      counts.found += 1;
      if (!gold.some((each) => meets(each, match))) counts.extras.push(text.slice(match.start, match.end));
    }
  }
  return result;
}

function readRowsOf(name: string): Row[] {
  return JSON.parse(readFileSync(join(folder!, "pii", name), "utf8")) as Row[];
}

describe.skipIf(!folder)("findPii on the sets of presidio-research (needs ATTUNE_TEST_DATA)", () => {
  it("reaches its floors of precision and recall for every kind on the 1500 texts", () => {
    const rows = readRowsOf("presidio_synth_v2.json");
    expect(rows).toHaveLength(1500);
    const lines: string[] = [];
    for (const [type, { gold, found, hit, misses, extras }] of measure(rows)) {
      const [precision, recall] = [(found - extras.length) / found, hit / gold];
      lines.push(`${type}: n ${gold}, precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`);
      expect
        .soft(precision, `precision of ${type}, extras ${extras.join(" | ")}`)
        .toBeGreaterThanOrEqual(floors[type][0]);
      expect.soft(recall, `recall of ${type}, misses ${misses.join(" | ")}`).toBeGreaterThanOrEqual(floors[type][1]);
    }
    console.log(lines.join("\n"));
  });

  it("finds on the small set, whose offsets are not all right, nine of ten and little else", () => {
    const all = [...measure(readRowsOf("presidio_generated_small.json")).values()];
    const sum = (key: "gold" | "found" | "hit") => all.reduce((total, each) => total + each[key], 0);
    console.log(
      `small set: n ${sum("gold")}, found ${sum("found")}, hit ${sum("hit")}`,
      all.flatMap((each) => each.misses),
      all.flatMap((each) => each.extras),
    );
    expect(sum("gold")).toBeGreaterThan(20);
    expect(sum("hit") / sum("gold")).toBeGreaterThanOrEqual(0.9);
    expect(sum("hit") / sum("found")).toBeGreaterThanOrEqual(0.9);
  });
});

import type { TextRecord } from "@attune/spec";
import { describe, expect, it } from "vitest";
import {
  applyRules,
  createTextDocument,
  defaultThresholds,
  resolveThresholds,
  rulePacks,
  type Thresholds,
} from "../src/index.ts";

const pack = (id: string) => rulePacks.find((each) => each.id === id)!;
const measure = (id: string, name: string, text: string): number =>
  pack(id)
    .rules.find((rule) => rule.name === name)!
    .measure(createTextDocument(text));

function apply(id: string, text: string, given: Thresholds = {}) {
  const events: unknown[] = [];
  const log =
    (action: string) =>
    (_: TextRecord, rule: string, detail: object = {}) =>
      void events.push({ action, rule, ...detail });
  const counters = {
    dropped: log("dropped"),
    changed: log("changed"),
    flagged: log("flagged"),
    created: () => undefined,
  };
  const packs = [pack(id)];
  const record = applyRules({ id: "1", text, source: "s" }, packs, resolveThresholds(packs, given), counters);
  return { text: record?.text, events };
}

describe("rule packs", () => {
  it("hold the published thresholds", () => {
    expect(defaultThresholds([pack("gopher-quality"), pack("fineweb")])).toEqual({
      "gopher-quality/words.minimum": 50,
      "gopher-quality/words.maximum": 100_000,
      "gopher-quality/mean-word-length.minimum": 3,
      "gopher-quality/mean-word-length.maximum": 10,
      "gopher-quality/hashes-per-word.maximum": 0.1,
      "gopher-quality/ellipses-per-word.maximum": 0.1,
      "gopher-quality/bullet-lines.maximum": 0.9,
      "gopher-quality/ellipsis-lines.maximum": 0.3,
      "gopher-quality/alphabetic-words.minimum": 0.8,
      "gopher-quality/stop-words.minimum": 2,
      "fineweb/terminal-punctuation-lines.minimum": 0.12,
      "fineweb/short-lines.maximum": 0.67,
      "fineweb/duplicate-line-characters.maximum": 0.01,
      "fineweb/line-ends-per-word.maximum": 0.3,
    });
    expect(Object.values(defaultThresholds([pack("gopher-repetition")]))).toEqual([
      0.3, 0.2, 0.3, 0.2, 0.2, 0.18, 0.16, 0.15, 0.14, 0.13, 0.12, 0.11, 0.1,
    ]);
  });

  it.each([
    ["gopher-quality", "words", "one - two, *** three", 3],
    ["gopher-quality", "mean-word-length", "ab abcd --", 3],
    ["gopher-quality", "hashes-per-word", "#a b c #d", 0.5],
    ["gopher-quality", "ellipses-per-word", "a... b c… d", 0.5],
    ["gopher-quality", "bullet-lines", "• a\n- b\n* c\nd", 0.5],
    ["gopher-quality", "ellipsis-lines", "a...\nb\n\nc…\nd", 0.5],
    ["gopher-quality", "alphabetic-words", "a 1 b2 --", 0.5],
    ["gopher-quality", "stop-words", "The cat AND the dog", 2],
    ["gopher-repetition", "duplicate-lines", "a\nb\na\na", 0.5],
    ["gopher-repetition", "duplicate-paragraphs", "a\n\nb\n\na\n\nc", 0.25],
    ["gopher-repetition", "duplicate-line-characters", "abcd\nabcd\nx", 4 / 11],
    ["gopher-repetition", "top-2-gram-characters", "a b c a b", 6 / 9],
    ["gopher-repetition", "top-2-gram-characters", "a b c d", 0],
    // "abcde" again after a jump of five words: 5 characters of 21.
    ["gopher-repetition", "duplicate-5-gram-characters", "a b c d e x a b c d e", 5 / 21],
    ["c4", "sentences", 'One. Two! "Three?" Four', 4],
    ["fineweb", "short-lines", `${"x".repeat(30)}\n${"y".repeat(31)}`, 0.5],
    ["fineweb", "terminal-punctuation-lines", "a.\nb\nc?\nd 。", 0.75],
    ["fineweb", "line-ends-per-word", "a b\nc d\n", 0.5],
    ["curator", "digits", "a1b2", 0.5],
    ["curator", "url-characters", "see http://x.y", 10 / 14],
    ["curator", "parentheses", "(a)b", 0.5],
    ["curator", "longest-word", "a bbb cc", 3],
    ["basic", "replacement-characters", "a\ufffdb\ufffd", 0.5],
  ])("%s/%s measures %j", (id, name, text, expected) => {
    expect(measure(id, name, text)).toBeCloseTo(expected, 12);
  });

  it("drop with value and threshold, and keep at the threshold", () => {
    expect(apply("gopher-quality", "too short")).toEqual({
      text: undefined,
      events: [{ action: "dropped", rule: "gopher-quality/words", value: 2, threshold: 50 }],
    });
    const text = "the cat and dog";
    expect(apply("gopher-quality", text, { "gopher-quality/words.minimum": 4 })).toEqual({ text, events: [] });
    expect(apply("gopher-quality", text, { "gopher-quality/words.minimum": 5 }).text).toBeUndefined();
  });

  it("c4 drops lines first, in both variants", () => {
    const text =
      "Home page\nThis is a sentence [1] of some length.\nPlease enable Javascript to go on.\nWe use cookies for this and that.\nwithout an end mark here\nAnd so on...";
    const thresholds = { "c4/sentences.minimum": 1 };
    expect(apply("c4", text, thresholds)).toEqual({
      text: "This is a sentence  of some length.",
      events: [{ action: "changed", rule: "c4/lines" }],
    });
    expect(apply("c4", text, { ...thresholds, "c4/line-terminal-punctuation.minimum": 0 }).text).toBe(
      "This is a sentence  of some length.\nwithout an end mark here\nAnd so on...",
    );
    expect(apply("c4", "A { b, c. ".repeat(5).trim()).events).toEqual([
      { action: "dropped", rule: "c4/curly-brackets", value: 5, threshold: 0 },
    ]);
  });

  it("refuse a threshold that no rule has", () => {
    expect(() => resolveThresholds([pack("basic")], { "basic/leters.minimum": 2 })).toThrow(
      /"basic\/leters\.minimum" belongs to no rule/,
    );
  });
});

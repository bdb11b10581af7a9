import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldWhiteSpace, repairMojibake, repairUnicode } from "../src/index.ts";
import { foldCapitals, foldRepeats } from "../src/unicode/fold-emphasis.ts";

describe("repairMojibake", () => {
  const broken = (text: string, times = 1): string => {
    let result = text;
    for (let i = 0; i < times; i++) result = new TextDecoder("windows-1252").decode(new TextEncoder().encode(result));
    return result;
  };
  it.each([
    "don’t “quote” – ever…",
    "über Straße, señor, £5",
    "naïve café",
    "日本語テキスト",
    "😀 emoji",
    "Привет, мир",
  ])("repairs %s", (text) => {
    expect(repairMojibake(broken(text))).toBe(text);
    expect(repairMojibake(`${broken(text)} and plain`)).toBe(`${text} and plain`);
  });
  it("repairs what was broken twice, and leaves ordinary text", () => {
    expect(repairMojibake(broken("don’t", 2))).toBe("don’t");
    for (const text of ["über Straße", "ÀÉÎÕÜ", "Ärger à la carte", "señor – «¿qué?»", "Ä°", "5 × ½"])
      expect(repairMojibake(text)).toBe(text);
  });
});

describe("repairUnicode", () => {
  it.each([
    ["line ends", "a\r\nb\rc\u2028d\fe", "a\nb\nc\nd\ne"],
    ["controls and invisible characters", "a\x00b\x1b\u200bc\ufeffd\u00ade\u202ef", "abcdef"],
    ["Windows-1252 as control characters", "don\x92t \x96 \x80", "don’t – €"],
    ["spaces", "a\u00a0b\u2003c\u3000d", "a b c d"],
    ["composition", "e\u0301", "é"],
    ["runs of replacement characters", "a\ufffd\ufffd\ufffdb", "a\ufffdb"],
    [
      "joiners beside ASCII, not in emoji or Persian",
      "a\u200db 👩\u200d💻 می\u200cخواهم",
      "ab 👩\u200d💻 می\u200cخواهم",
    ],
  ])("repairs %s", (_, text, expected) => {
    expect(repairUnicode(text)).toBe(expected);
  });
  it("writes typographic punctuation in ASCII when asked", () => {
    expect(repairUnicode("“a” ‘b’ — c… • d", "ascii")).toBe("\"a\" 'b' - c... - d");
    expect(repairUnicode("“a”")).toBe("“a”");
  });
  it("changes nothing more the second time", () => {
    const unit = fc.constantFrom(
      "a",
      " ",
      "\n",
      "\r",
      "Ã",
      "©",
      "â",
      "€",
      "™",
      "\u0080",
      "\u0092",
      "\u200d",
      "😀",
      "é",
      "e\u0301",
      "\ufffd",
      "Ä",
      "°",
      "\u00a0",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const once = repairUnicode(text, "ascii");
        expect(repairUnicode(once, "ascii")).toBe(once);
      }),
      { numRuns: 500 },
    );
  });
});

describe("foldCapitals and foldRepeats", () => {
  it("leave one capital of a word, and three of a mark", () => {
    expect(foldCapitals("FREE MONEY, ÜBUNG 2, McDONALD, I am A1 [URL]")).toBe(
      "Free Money, Übung 2, McDonald, I am A1 [Url]",
    );
    expect(foldRepeats("a -------- b\n====\n!!! ...... 000000 loooool")).toBe("a --- b\n===\n!!! ... 000000 loooool");
    for (const fold of [foldCapitals, foldRepeats]) {
      expect(fold(fold("WOW!!!!!! ----"))).toBe(fold("WOW!!!!!! ----"));
    }
  });
});

describe("foldWhiteSpace", () => {
  it("folds spaces and empty lines, with or without indentation", () => {
    const text = "\n\n  a \t b  \n\n\n\n\tc\n";
    expect(foldWhiteSpace(text, "keep")).toBe("  a b\n\n\tc");
    expect(foldWhiteSpace(text, "remove")).toBe("a b\n\nc");
  });
});

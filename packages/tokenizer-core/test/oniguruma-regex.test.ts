import { AttuneError } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { compileOnigurumaRegex } from "../src/pattern/oniguruma-regex.ts";
import { regexPattern } from "../src/pattern/pattern.ts";

function matches(pattern: string, text: string): string[] {
  return [...text.matchAll(compileOnigurumaRegex(pattern, "here"))].map(([match]) => match);
}

describe("compileOnigurumaRegex", () => {
  it("takes white space as Unicode does: with U+0085, without U+FEFF", () => {
    expect(matches("\\s", "a\u0085\ufeff\u00a0b")).toEqual(["\u0085", "\u00a0"]);
    expect(matches("[^\\S\\n]", "\n\u0085\ufeff ")).toEqual(["\u0085", " "]);
  });

  it("ignores case only where it is told to, also for letters that equal others in no other way", () => {
    expect(matches("'(?i:s|LL)x?", "'S 'ſ 'll 'Ll 'LLX 'LLx")).toEqual(["'S", "'ſ", "'ll", "'Ll", "'LL", "'LLx"]);
    expect(matches("(?i)[a-c]k", "AK bK ck")).toEqual(["AK", "bK", "ck"]);
    expect(matches("(?:(?i)a)b", "Ab AB")).toEqual(["Ab"]);
  });

  it("does not give back what a possessive repetition or an atomic group took", () => {
    expect(matches("a++a", "aaa")).toEqual([]);
    expect(matches("a?+a", "aa a")).toEqual(["aa"]);
    expect(matches("(?>a|ab)c", "ac abc")).toEqual(["ac"]);
    expect(matches("a{1,2}+b", "aaaab")).toEqual(["aaaab"]);
  });

  it("takes lines where Ruby does", () => {
    expect(matches("^.", "a\nb\rc")).toEqual(["a", "b"]);
    expect(matches(".$", "a\nb\rc")).toEqual(["a", "c"]);
    expect(matches("\\A.|.\\z", "ab\ncd")).toEqual(["a", "d"]);
  });

  it.each([
    ["(a+)+b", /repetition without bound inside another/],
    ["(?:a*|b)*", /repetition without bound/],
    ["(?:x{2,}y)*", /repetition without bound/],
    ["(?:(?:a+)?)+", /repetition without bound/],
    ["(a", /not closed/],
    ["a)", /without an opening/],
    ["[a", /not closed/],
    ["*a", /nothing before/],
    ["(a)\\1", /escape \\1/],
    ["\\p{Klingon}", /unknown property Klingon/],
    ["[[:nothing:]]", /unknown set/],
    ["[z-a]", /range/],
    ["(?x:a b)", /flags "x"/],
    ["(?(1)a|b)", /kind of group/],
    ["\\x{110000}", /does not exist/],
    ["\\", /too early/],
    ["(".repeat(300) + ")".repeat(300), /more than 200 groups/],
    ["[".repeat(100) + "]".repeat(100), /more than 50 brackets/],
    ["a".repeat(20_001), /at most 20000/],
  ])("refuses %s and says where it stands", (pattern, message) => {
    try {
      compileOnigurumaRegex(pattern, "tokenizer.json: pre_tokenizer.pattern");
      expect.unreachable();
    } catch (error) {
      expect(AttuneError.is(error), String(error)).toBe(true);
      expect(error).toMatchObject({ code: "FILE_UNSUPPORTED", message: expect.stringMatching(message) });
      expect((error as AttuneError).message).toContain("pre_tokenizer.pattern");
    }
  });

  it("is bounded also for ranges over all of Unicode", () => {
    expect(matches("(?i)[\\x{0}-\\x{10ffff}]", "aé🦙")).toEqual(["a", "é", "🦙"]);
  });
});

describe("regexPattern", () => {
  it("says so when a word is longer than the engine can take", () => {
    const find = regexPattern(compileOnigurumaRegex("\\p{L}+", "here"));
    const count: number[] = [];
    find("a".repeat(1_000_000), (from, to) => count.push(to - from));
    expect(count).toEqual([1_000_000]);
    expect(() => find(`x ${"a".repeat(30_000_000)}`, () => undefined)).toThrow(/longer one at character 1/);
  });
});

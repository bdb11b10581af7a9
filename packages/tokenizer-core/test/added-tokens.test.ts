import type { JsonObject } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { characterTokenizer, tokensOf } from "./character-plugin.ts";

function added(id: number, content: string, flags: JsonObject = {}): JsonObject {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...flags };
}

describe("added tokens", () => {
  it("finds the leftmost, and of those the longest", () => {
    const tokenizer = characterTokenizer({ added_tokens: [added(200, "<a"), added(201, "<ab>"), added(202, "b>")] });
    expect(tokensOf(tokenizer, "x<ab><ab")).toEqual(["x", "<ab>", "<a", "b"]);
  });

  it("reads special ones as text unless asked, others always", () => {
    const tokenizer = characterTokenizer({ added_tokens: [added(200, "<s>", { special: true }), added(201, "xyz")] });
    expect(tokensOf(tokenizer, "<s>xyz")).toEqual(["<", "s", ">", "xyz"]);
    expect(tokensOf(tokenizer, "<s>xyz", true)).toEqual(["<s>", "xyz"]);
    expect([...tokenizer.specialIds]).toEqual([200]);
    expect(tokenizer.vocabularySize).toBe(202);
  });

  it("takes white space along on the sides that say so, and its offsets", () => {
    const tokenizer = characterTokenizer({
      added_tokens: [added(200, "<l>", { lstrip: true }), added(201, "<r>", { rstrip: true })],
    });
    const { ids, offsets } = tokenizer.encode("a  <l> <r>  b");
    expect(Array.from(ids, (id) => tokenizer.tokenOf(id))).toEqual(["a", "<l>", " ", "<r>", "b"]);
    expect([...offsets]).toEqual([0, 1, 1, 6, 6, 7, 7, 12, 12, 13]);
  });

  it("has no token of white space that the one before took along, where it takes white space itself", () => {
    const both = { lstrip: true, rstrip: true };
    const spaces = (flags: JsonObject) =>
      tokensOf(characterTokenizer({ added_tokens: [added(200, "<t>", both), added(201, "  ", flags)] }), "<t>    a  b");
    expect(spaces(both)).toEqual(["<t>", "a", "  ", "b"]);
    expect(spaces({ rstrip: true })).toEqual(["<t>", "  ", "  ", "a", "  ", "b"]);
  });

  it("finds a single word only between what is no word", () => {
    const tokenizer = characterTokenizer({ added_tokens: [added(200, "cat", { single_word: true })] });
    expect(tokensOf(tokenizer, "cat, a cat")).toEqual(["cat", ",", " ", "a", " ", "cat"]);
    for (const text of ["cats", "écat", "cat_", "1cat"]) expect(tokensOf(tokenizer, text)).not.toContain("cat");
  });

  it("looks for normalised ones in the normalised text and for others in the text as written", () => {
    const tokenizer = characterTokenizer({
      normalizer: { type: "Lowercase" },
      added_tokens: [added(200, "Yes", { normalized: true }), added(201, "No")],
    });
    expect(tokensOf(tokenizer, "YES yes No NO")).toEqual(["Yes", " ", "Yes", " ", "No", " ", "n", "o"]);
  });

  it("normalises each text between them by itself", () => {
    const tokenizer = characterTokenizer({
      normalizer: { type: "Prepend", prepend: "▁" },
      added_tokens: [added(200, "<s>")],
    });
    expect(tokensOf(tokenizer, "a<s>b<s>")).toEqual(["▁", "a", "<s>", "▁", "b", "<s>"]);
    expect([...tokenizer.encode("a<s>b").offsets]).toEqual([0, 1, 0, 1, 1, 4, 4, 5, 4, 5]);
  });

  it.each([
    ["an id that another token has", [added(5, "<s>")], /has the id 5, but that id is of/],
    ["a token of the vocabulary under another id", [added(300, "a")], /the vocabulary gives it the id/],
    ["two with one id", [added(300, "<a>"), added(300, "<b>")], /id is of "<a>"/],
    ["one twice", [added(300, "<a>"), added(301, "<a>")], /there twice/],
    ["a negative id", [added(-1, "<a>")], /whole number/],
    ["an id beyond all reason", [added(2 ** 40, "<a>")], /no id/],
    ["no object", ["<a>"], /"added_tokens\[0\]" to be an object/],
  ])("refuses %s", (_, tokens, message) => {
    expect(() => characterTokenizer({ added_tokens: tokens })).toThrow(message);
  });

  it("finds one of five thousand in a long text", () => {
    const tokenizer = characterTokenizer({
      added_tokens: Array.from({ length: 5000 }, (_, index) => added(200 + index, `<|extra_${index}|>`)),
    });
    const text = `${"<| plain text ".repeat(50_000)}<|extra_4999|>`;
    const { ids } = tokenizer.encode(text);
    expect(ids.at(-1)).toBe(5199);
    expect(ids).toHaveLength(text.length - "<|extra_4999|>".length + 1);
  });
});

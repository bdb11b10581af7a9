import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPromptTemplate, fitPieces, fitPrompt } from "../src/index.ts";
import { characterTokenizer } from "./character-tokenizer.ts";

describe("createPromptTemplate", () => {
  it("shows shots before the question", () => {
    const prompt = createPromptTemplate("Q: {text}\nA:", { shots: [{ text: "one", completion: " 1" }] });
    expect(prompt.render("two")).toBe("Q: one\nA: 1\n\nQ: two\nA:");
  });
  it("wants one place for the text", () => {
    expect(() => createPromptTemplate("no place")).toThrow("exactly once, received it 0 times");
    expect(() => createPromptTemplate("{text} {text}")).toThrow("received it 2 times");
  });
  it("keeps the longest beginning that fits", () => {
    const prompt = createPromptTemplate("<{text}>");
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 2, max: 30 }), (text, limit) => {
        const fitted = fitPrompt(prompt, text, characterTokenizer, limit);
        expect(fitted.text).toBe(text.slice(0, limit - 2));
        expect(fitted.truncated).toBe(text.length > limit - 2);
        expect(fitted.prompt).toBe(`<${fitted.text}>`);
      }),
    );
    expect(() => fitPrompt(prompt, "x", characterTokenizer, 1)).toThrow(
      "takes 2 tokens before any text, expected at most 1",
    );
  });
});

describe("fitPieces", () => {
  const prompt = createPromptTemplate("<{text}>");
  it("reads a text from its beginning in prompts that fit, leaving out a short rest", () => {
    const pieces = (text: string, maximum: number) =>
      fitPieces(prompt, text, characterTokenizer, 10, maximum).map(({ text: read, truncated }) => [read, truncated]);
    expect(pieces("abcdefgh", 3)).toEqual([["abcdefgh", false]]);
    expect(pieces("abcdefgh ijklmnop qrstuvwx yz", 3)).toEqual([
      ["abcdefgh", false],
      ["ijklmnop", false],
      ["qrstuvwx", true],
    ]);
    expect(pieces("abcdefgh ijk", 3)).toEqual([
      ["abcdefgh", false],
      ["ijk", false],
    ]);
    expect(pieces("abcdefgh i", 3)).toEqual([["abcdefgh", true]]);
    expect(pieces("", 3)).toEqual([["", false]]);
  });
  it("with one piece is fitPrompt", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 3, max: 30 }), (text, limit) => {
        const [piece, ...more] = fitPieces(prompt, text, characterTokenizer, limit, 1);
        const { truncated, ...fitted } = fitPrompt(prompt, text, characterTokenizer, limit);
        expect(more).toEqual([]);
        expect(piece).toMatchObject(fitted);
        expect(piece!.truncated).toBe(truncated && text.slice(fitted.text.length).trim() !== "");
      }),
    );
  });
});

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

describe("fitPrompt on long texts", () => {
  const prompt = createPromptTemplate("{text}\n\nAnswer:");
  /** Words and runs of white space are tokens, so an end of a text may share one with the template. */
  const encode = (text: string) => {
    const matches = [...text.matchAll(/\w+|\s+|[^\w\s]/gu)];
    const offsets = matches.flatMap(({ 0: token, index }) => [index, index + token.length]);
    return { ids: Uint32Array.from(matches, ({ index }) => index), offsets: Uint32Array.from(offsets) };
  };

  it("cuts as if the whole text had been looked at", () => {
    const wholly = (text: string, limit: number) => {
      const lengthOf = (candidate: string) => encode(prompt.render(candidate)).ids.length;
      const { ids, offsets } = encode(text);
      let kept = ids.length - Math.max(0, lengthOf(text) - limit);
      const beginning = () => (kept === ids.length ? text : text.slice(0, kept === 0 ? 0 : offsets[2 * kept - 1]));
      while (lengthOf(beginning()) > limit) kept -= lengthOf(beginning()) - limit;
      return { text: beginning(), prompt: prompt.render(beginning()), truncated: kept < ids.length };
    };
    const parts = fc.array(fc.constantFrom("a", "word ", "\n", " ", "longer", ". ", "\n\n"), {
      maxLength: 1_500,
      size: "max",
    });
    fc.assert(
      fc.property(parts, fc.integer({ min: 4, max: 40 }), (drawn, limit) => {
        const text = drawn.join("");
        expect(fitPrompt(prompt, text, { encode }, limit)).toEqual(wholly(text, limit));
      }),
      { numRuns: 300 },
    );
  });

  it("encodes no more of a text than may fit", () => {
    let characters = 0;
    const counting = {
      encode(text: string) {
        characters += text.length;
        return encode(text);
      },
    };
    const pieces = fitPieces(prompt, "some words of a book. ".repeat(50_000), counting, 100, 8);
    expect(pieces).toHaveLength(8);
    expect(characters).toBeLessThan(50_000);
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

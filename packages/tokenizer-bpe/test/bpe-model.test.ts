import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AttuneError, type GgufVocabulary, type JsonObject, type Tokenizer } from "@attune/spec";
import { byteCharacters, createTokenizer, tokenizerFromGguf } from "@attune/tokenizer-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import plugins from "../src/index.ts";

function tokenizerOf(model: JsonObject, sections: JsonObject = {}): Tokenizer {
  return createTokenizer(
    { source: "tokenizer.json", tokenizer: { model: { type: "BPE", ...model }, ...sections } },
    plugins,
  );
}

function fixture(style: string): { tokenizer: JsonObject } {
  return JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", `${style}.json`), "utf8")) as {
    tokenizer: JsonObject;
  };
}

/** Merges as the definition says: look at all pairs, merge the best, the leftmost of equals, and again. */
function encodeByDefinition(word: string, merges: readonly (readonly [string, string])[]): string[] {
  const symbols = [...word];
  const rankAt = (index: number): number => {
    const rank = merges.findIndex(([left, right]) => left === symbols[index] && right === symbols[index + 1]);
    return rank < 0 ? Infinity : rank;
  };
  for (;;) {
    let best = -1;
    for (let index = 0; index + 1 < symbols.length; index++) {
      if (rankAt(index) < (best < 0 ? Infinity : rankAt(best))) best = index;
    }
    if (best < 0) return symbols;
    symbols.splice(best, 2, symbols[best]! + symbols[best + 1]!);
  }
}

describe("encoding", () => {
  it("merges as the definition says, for any merges and words", () => {
    const merge = fc.tuple(
      fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 3 }),
      fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(merge, { maxLength: 12, selector: (pair) => pair.join(" ") }),
        fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 24 }),
        (merges, word) => {
          const tokens = [
            ...new Set(["a", "b", "c", ...merges.flatMap(([left, right]) => [left, right, left + right])]),
          ];
          const tokenizer = tokenizerOf({ vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges });
          const found = Array.from(tokenizer.encode(word).ids, (id) => tokenizer.tokenOf(id));
          expect(found).toEqual(encodeByDefinition(word, merges));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("gives any text back, byte for byte", () => {
    const tokenizer = createTokenizer({ source: "gpt2", ...fixture("gpt2") }, plugins);
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (given) => {
        const { ids, offsets } = tokenizer.encode(given);
        expect(tokenizer.decode(ids)).toBe(given);
        expect(offsets[0] ?? 0).toBe(0);
        expect(offsets.at(-1) ?? given.length).toBe(given.length);
        // Each token begins by where the one before it ends: no text lies between them.
        expect(offsets.every((start, index) => index === 0 || index % 2 === 1 || start <= offsets[index - 1]!)).toBe(
          true,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("takes a lone surrogate for U+FFFD", () => {
    const tokenizer = createTokenizer({ source: "gpt2", ...fixture("gpt2") }, plugins);
    expect(tokenizer.decode(tokenizer.encode("a\ud800b\udc00").ids)).toBe("a\ufffdb\ufffd");
  });

  it("takes single words of a million characters of every kind", () => {
    const words = ["a".repeat(1_000_000), "abcdefghij".repeat(30_000), " ".repeat(300_000), "日".repeat(50_000)];
    for (const style of ["gpt2", "llama2"]) {
      const tokenizer = createTokenizer({ source: style, ...fixture(style) }, plugins);
      for (const word of words) {
        const { ids, offsets } = tokenizer.encode(word);
        expect(offsets.at(-1)).toBe(word.length);
        expect(tokenizer.decode(ids) === word).toBe(true);
      }
    }
  });

  it("gives the same ids from the cache, also after it was renewed", () => {
    const tokenizer = createTokenizer({ source: "gpt2", ...fixture("gpt2") }, plugins);
    const words = Array.from({ length: 80_000 }, (_, index) => `w${index.toString(36)}x`);
    const first = words.map((word) => tokenizer.encode(word).ids.join(" "));
    for (const index of [79_999, 79_998, 40_000, 1, 0, 0])
      expect(tokenizer.encode(words[index]!).ids.join(" ")).toBe(first[index]);
  });

  it("reads merges as text and as pairs, also with spaces in tokens", () => {
    const vocab = { a: 0, " ": 1, "a ": 2, b: 3, ab: 4 };
    expect([...tokenizerOf({ vocab, merges: ["a b"] }).encode("ab").ids]).toEqual([4]);
    expect([...tokenizerOf({ vocab, merges: [["a", " "]] }).encode("a ").ids]).toEqual([2]);
  });

  it("knows files without a type by their merges", () => {
    const tokenizer = createTokenizer(
      { source: "old", tokenizer: { model: { vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] } } },
      plugins,
    );
    expect([...tokenizer.encode("ab").ids]).toEqual([2]);
  });

  it("takes a whole piece for its token before any merge only where merges are ignored", () => {
    const model = { vocab: { a: 0, b: 1, c: 2, ab: 3, abc: 4 }, merges: ["a b"] };
    expect([...tokenizerOf(model).encode("abc").ids]).toEqual([3, 2]);
    expect([...tokenizerOf({ ...model, ignore_merges: true }).encode("abc").ids]).toEqual([4]);
  });

  it("gives unknown characters their bytes, the unknown token, one for several, or nothing", () => {
    const vocab = { "<unk>": 0, a: 1, "<0xC3>": 2, "<0xA9>": 3 };
    const encode = (model: JsonObject): number[] => [
      ...tokenizerOf({ vocab, merges: [], ...model }).encode("aéßa").ids,
    ];
    expect(encode({ unk_token: "<unk>", byte_fallback: true })).toEqual([1, 2, 3, 0, 1]);
    expect(encode({ unk_token: "<unk>" })).toEqual([1, 0, 0, 1]);
    expect(encode({ unk_token: "<unk>", fuse_unk: true })).toEqual([1, 0, 1]);
    expect(encode({})).toEqual([1, 1]);
    expect([...tokenizerOf({ vocab, merges: [], unk_token: "<unk>", fuse_unk: true }).encode("aéßa").offsets]).toEqual([
      0, 1, 1, 3, 3, 4,
    ]);
  });

  it("fuses the unknown bytes of one character as those of several", () => {
    const byteLevel = { pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: false } };
    const model = { vocab: { a: 0, "<unk>": 1 }, merges: [], unk_token: "<unk>" };
    const encode = (fuse_unk: boolean) => tokenizerOf({ ...model, fuse_unk }, byteLevel).encode("aé😀a");
    expect([...encode(true).ids]).toEqual([0, 1, 0]);
    expect([...encode(true).offsets]).toEqual([0, 1, 1, 4, 4, 5]);
    expect([...encode(false).ids]).toEqual([0, 1, 1, 1, 1, 1, 1, 0]);
  });

  it("sees a byte that the vocabulary lacks as unknown", () => {
    const vocab = Object.fromEntries(
      byteCharacters.filter((character) => character !== "z").map((character, id) => [character, id]),
    );
    const tokenizer = tokenizerOf(
      { vocab, merges: [] },
      { pre_tokenizer: { type: "ByteLevel", add_prefix_space: false } },
    );
    const { ids, offsets } = tokenizer.encode("azb");
    expect([...ids].map((id) => tokenizer.tokenOf(id))).toEqual(["a", "b"]);
    expect([...offsets]).toEqual([0, 1, 2, 3]);
  });
});

describe("a GGUF vocabulary", () => {
  const tokens = [...byteCharacters, "<s>", "</s>"];
  const vocabulary: GgufVocabulary = {
    file: "x.gguf",
    model: "gpt2",
    pre: "gpt-2",
    tokens,
    merges: [],
    scores: undefined,
    tokenTypes: Int32Array.from(tokens, (_, id) => (id < 256 ? 1 : 3)),
    bosId: 256,
    eosId: 257,
    unknownId: undefined,
    paddingId: undefined,
    separatorId: undefined,
    addBos: undefined,
    addEos: undefined,
    addSpacePrefix: undefined,
    chatTemplate: undefined,
  };

  it.each([
    [{}, ["a"]],
    [{ addBos: true }, ["<s>", "a"]],
    [{ addBos: true, addEos: true }, ["<s>", "a", "</s>"]],
    [{ addEos: true }, ["a", "</s>"]],
    [{ addBos: true, bosId: undefined }, ["a"]],
  ])("puts around a text what it says: %j", (flags, expected) => {
    const tokenizer = tokenizerFromGguf({ ...vocabulary, ...flags }, plugins);
    const { ids } = tokenizer.encode("a", { addSpecialTokens: true });
    expect(Array.from(ids, (id) => tokenizer.tokenOf(id))).toEqual(expected);
    expect([tokenizer.addsBos, tokenizer.addsEos]).toEqual([expected[0] === "<s>", expected.at(-1) === "</s>"]);
  });
});

describe("checks", () => {
  const vocab = { a: 0, b: 1, ab: 2 };
  it.each<[string, JsonObject, RegExp]>([
    ["an id twice", { vocab: { a: 0, b: 0 }, merges: [] }, /"a" and "b" both have the id 0/],
    ["a negative id", { vocab: { a: -1 }, merges: [] }, /for "a", but found -1/],
    ["an id that is no number", { vocab: { a: "0" }, merges: [] }, /for "a", but found "0"/],
    ["an id beyond all reason", { vocab: { a: 2 ** 31 }, merges: [] }, /from 0 to 2097151/],
    ["no vocabulary", { merges: [] }, /"model\.vocab" to be an object/],
    ["no merges", { vocab }, /"model\.merges" to be a list/],
    ["a merge of an unknown token", { vocab, merges: ["a c"] }, /the token "c" of merges\[0\]/],
    ["a merge into an unknown token", { vocab, merges: ["a b", "b a"] }, /the token "ba" of merges\[1\]/],
    ["a merge of three", { vocab, merges: ["a b c"] }, /"model\.merges\[0\]" to be two tokens, but received "a b c"/],
    ["a merge of one", { vocab, merges: [["a"]] }, /to be two tokens/],
    ["a merge of nothing", { vocab, merges: [" b"] }, /to be two tokens/],
    ["a merge of numbers", { vocab, merges: [[1, 2]] }, /to be two tokens/],
    ["dropout that is no number", { vocab, merges: [], dropout: "x" }, /"model\.dropout" to be a number/],
  ])("refuse %s", (_, model, message) => {
    try {
      tokenizerOf(model);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "FILE_CORRUPT", message: expect.stringMatching(message) });
      expect((error as AttuneError).message).toContain("tokenizer.json");
    }
  });

  it("refuse dropout, which would make ids random", () => {
    expect(() => tokenizerOf({ vocab, merges: [], dropout: 0.1 })).toThrow(/received 0\.1/);
    expect(tokenizerOf({ vocab, merges: [], dropout: 0 }).encode("ab").ids).toEqual(Uint32Array.of(0, 1));
  });

  it("give an AttuneError or a tokenizer for any damage to a file", () => {
    const text = JSON.stringify({
      vocab: { a: 0, b: 1, ab: 2, "<unk>": 3 },
      merges: ["a b"],
      unk_token: "<unk>",
      byte_fallback: false,
    });
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom("0", "-1", '"x"', "null", "[]", "{}", "", '"', "1e99", ","),
        fc.nat(12),
        (place, inserted, removed) => {
          let model: JsonObject;
          try {
            model = JSON.parse(text.slice(0, place) + inserted + text.slice(place + removed)) as JsonObject;
          } catch {
            return;
          }
          try {
            tokenizerOf(model).encode("abcab");
          } catch (error) {
            expect(AttuneError.is(error), String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

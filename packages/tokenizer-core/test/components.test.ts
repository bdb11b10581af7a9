import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, readFields } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { toByteCharacters } from "../src/byte-characters.ts";
import { buildDecoder } from "../src/decode/decoder.ts";
import { alignedText, sourceEnd, sourceStart } from "../src/encode/aligned-text.ts";
import { buildNormalizer, normalizeText } from "../src/encode/normalizer.ts";
import { buildPreTokenizer } from "../src/encode/pre-tokenizer.ts";

interface Component<Case> {
  readonly name: string;
  readonly section: JsonObject;
  readonly cases: readonly Case[];
}

interface Fixture {
  readonly preTokenizers: readonly Component<{ text: string; pieces: [string, number, number][] }>[];
  readonly normalizers: readonly Component<[string, string]>[];
  readonly decoders: readonly Component<[string[], string]>[];
}

/** Made by tooling/reference/tokenizers/make_fixtures.py with huggingface/tokenizers. */
const fixture = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/components.json"), "utf8")) as Fixture;

describe("pre-tokenizers", () => {
  it.each(fixture.preTokenizers)("$name cuts as the reference does", ({ section, cases }) => {
    const preTokenizer = buildPreTokenizer(readFields(section, { file: "test" }));
    for (const { text, pieces } of cases) {
      const found: [string, number, number][] = [];
      preTokenizer({ ...alignedText(text), bytes: false }, (piece) => {
        const shown = piece.bytes ? toByteCharacters(piece.text) : piece.text;
        found.push([shown, sourceStart(piece, 0), sourceEnd(piece, piece.text.length)]);
      });
      expect({ text, pieces: found }).toEqual({ text, pieces });
    }
  });
});

describe("normalizers", () => {
  it.each(fixture.normalizers)("$name rewrites as the reference does", ({ section, cases }) => {
    const normalizer = buildNormalizer(readFields(section, { file: "test" }));
    for (const [text, expected] of cases) {
      expect({ text, result: normalizeText(normalizer, text) }).toEqual({ text, result: expected });
      const aligned = normalizer(alignedText(text));
      let last = 0;
      for (let index = 0; index < aligned.text.length; index++) {
        const [start, end] = [sourceStart(aligned, index), sourceEnd(aligned, index + 1)];
        expect(start >= last && end <= text.length && start <= end).toBe(true);
        last = start;
      }
    }
  });
});

describe("decoders", () => {
  it.each(fixture.decoders)("$name gives the text that the reference gives", ({ section, cases }) => {
    const decoder = buildDecoder(readFields(section, { file: "test" }));
    for (const [tokens, expected] of cases) {
      const stage = decoder.start(false);
      let text = "";
      const emit = (part: string): void => {
        text += part;
      };
      for (const token of tokens) stage.push(token, false, emit);
      stage.end(emit);
      expect({ tokens, text }).toEqual({ tokens, text: expected });
    }
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject, Tokenizer } from "@attune/spec";
import { createTokenizer } from "@attune/tokenizer-core";
import { describe, expect, it } from "vitest";
import plugins from "../src/index.ts";

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly offsets: [number, number][];
  readonly decoded: string;
  readonly withSpecial?: number[];
  readonly unparsed?: number[];
}

/** Styles whose normalizer composes characters. */
const composing = new Set(["qwen2", "clip"]);

const folder = join(import.meta.dirname, "fixtures");
const styles = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(".json", ""));

function readStyle(style: string): { tokenizer: Tokenizer; cases: readonly Case[] } {
  const { tokenizer, cases } = JSON.parse(readFileSync(join(folder, `${style}.json`), "utf8")) as {
    tokenizer: JsonObject;
    cases: Case[];
  };
  return { tokenizer: createTokenizer({ source: style, tokenizer }, plugins), cases };
}

function pairsOf(offsets: Uint32Array): number[][] {
  return Array.from({ length: offsets.length / 2 }, (_, index) => [offsets[2 * index]!, offsets[2 * index + 1]!]);
}

describe.each(styles)("a tokenizer in the style of %s", (style) => {
  const { tokenizer, cases } = readStyle(style);

  it("gives the reference's ids, with special tokens in texts read as such", () => {
    for (const { text, ids } of cases) {
      expect({ text, ids: [...tokenizer.encode(text, { parseSpecialTokens: true }).ids] }).toEqual({ text, ids });
    }
  });

  it("gives the reference's offsets, in UTF-16 units", () => {
    for (const { text, offsets } of cases) {
      const found = pairsOf(tokenizer.encode(text, { parseSpecialTokens: true }).offsets);
      // Where marks are composed with a letter, the reference leaves them out; here they belong to its place.
      const composes = text.normalize("NFC") !== text && composing.has(style);
      if (composes) {
        expect(found).toHaveLength(offsets.length);
        for (const [index, [start, end]] of offsets.entries()) {
          expect(found[index]![0]! <= start && found[index]![1]! >= end, `${text} ${index}`).toBe(true);
        }
      } else expect({ text, offsets: found }).toEqual({ text, offsets });
    }
  });

  it("reads special tokens as plain text unless asked, and adds its own when asked", () => {
    for (const { text, ids, unparsed, withSpecial } of cases) {
      expect({ text, ids: [...tokenizer.encode(text).ids] }).toEqual({ text, ids: unparsed ?? ids });
      const added = tokenizer.encode(text, { parseSpecialTokens: true, addSpecialTokens: true });
      expect({ text, ids: [...added.ids] }).toEqual({ text, ids: withSpecial ?? ids });
    }
  });

  it("decodes as the reference does, at once and as a stream", () => {
    for (const { ids, decoded } of cases) {
      expect({ ids, decoded: tokenizer.decode(ids) }).toEqual({ ids, decoded });
      const stream = tokenizer.createDecoder();
      expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(decoded);
    }
  });
});

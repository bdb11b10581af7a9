import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject, ProgressEvent } from "@attune/spec";
import { createTokenizer, formatTokenizerJson } from "@attune/tokenizer-core";
import { describe, expect, it } from "vitest";
import plugins, { trainBpe } from "../src/index.ts";

interface Fixture {
  readonly texts: readonly string[];
  readonly vocabularySize: number;
  readonly minFrequency: number;
  readonly tokenizerJson: string;
}

const fixture = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/trained/byte-level.json"), "utf8"),
) as Fixture;
const { vocabularySize, minFrequency } = fixture;
const specialTokens = ["<|endoftext|>", "<pad>", "é"];

function mergesOf(document: JsonObject): [string, string][] {
  return (document["model"] as JsonObject)["merges"] as unknown as [string, string][];
}

describe("trainBpe", () => {
  it("writes the same bytes as the trainer of huggingface/tokenizers", async () => {
    const document = await trainBpe(fixture.texts, { vocabularySize, minFrequency, specialTokens });
    expect(formatTokenizerJson(document)).toBe(fixture.tokenizerJson);
  });

  it("gives the same for a stream and for texts in another order", async () => {
    async function* stream(): AsyncGenerator<string> {
      yield* fixture.texts;
    }
    const expected = await trainBpe(fixture.texts, { vocabularySize: 350 });
    expect(await trainBpe(stream(), { vocabularySize: 350 })).toEqual(expected);
    expect(await trainBpe(fixture.texts.toReversed(), { vocabularySize: 350 })).toEqual(expected);
  });

  it("merges the most frequent pair first, and of equals the one of the smallest ids", async () => {
    const train = (texts: string[], size: number) =>
      trainBpe(texts, {
        vocabularySize: size,
        minFrequency: 1,
        initialAlphabet: [],
        preTokenizer: { type: "WhitespaceSplit" },
      });
    expect(mergesOf(await train(["ab ab cb cb cb"], 5))).toEqual([
      ["c", "b"],
      ["a", "b"],
    ]);
    expect(mergesOf(await train(["cd ab"], 5))).toEqual([["a", "b"]]);
    // aaaa: the overlapping pair is merged from the left, and counts once for each merge that can be made.
    expect(mergesOf(await train(["aaaa aaaa"], 3))).toEqual([
      ["a", "a"],
      ["aa", "aa"],
    ]);
  });

  it("stops when no pair is frequent enough", async () => {
    const document = await trainBpe(["abab abab cd"], { vocabularySize: 5000 });
    const tokenizer = createTokenizer({ source: "trained", tokenizer: document }, plugins);
    expect(mergesOf(document)).toEqual([
      ["a", "b"],
      ["ab", "ab"],
    ]);
    expect([256, 257, 258].map((id) => tokenizer.tokenOf(id))).toEqual(["ab", "abab", undefined]);
    expect(tokenizer.vocabularySize).toBe(258);
  });

  it("makes tokenizers that give texts back and use what they learnt", async () => {
    const tokenizer = createTokenizer(
      { source: "trained", tokenizer: await trainBpe(fixture.texts, { vocabularySize, minFrequency, specialTokens }) },
      plugins,
    );
    expect([...tokenizer.specialIds]).toEqual([0, 1, 2]);
    for (const text of [...fixture.texts, "unseen 🦄 ∀x"])
      expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
    const text = fixture.texts.join("\n");
    expect(tokenizer.encode(text).ids.length).toBeLessThan(0.8 * new TextEncoder().encode(text).length);
  });

  it("reports progress and can be aborted", async () => {
    const events: ProgressEvent[] = [];
    await trainBpe(fixture.texts, {
      vocabularySize: 500,
      minFrequency: 1,
      onProgress: (event) => events.push(event),
    });
    expect(events.map(({ stage }) => stage)).toContain("count words");
    expect(events.at(-1)).toMatchObject({ stage: "learn merges", total: 500, unit: "tokens" });
    const controller = new AbortController();
    const aborted = trainBpe(fixture.texts, {
      vocabularySize: 500,
      minFrequency: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
  });

  it.each([
    [{ vocabularySize: 255 }, /from 256 .* but received 255/],
    [{ vocabularySize: 257, specialTokens: ["<a>", "<b>"] }, /from 258/],
    [{ vocabularySize: 300.5 }, /received 300\.5/],
    [{ vocabularySize: 2 ** 22 }, /received 4194304/],
    [{ vocabularySize: 300, specialTokens: ["<a>", "<a>"] }, /"<a>" is not so/],
    [{ vocabularySize: 300, specialTokens: [""] }, /"" is not so/],
  ])("refuses %j", async (options, message) => {
    await expect(trainBpe(["a"], options)).rejects.toThrow(message);
  });
});

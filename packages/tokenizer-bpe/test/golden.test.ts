import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tokenizer } from "@attune/spec";
import { tokenizerFromGguf } from "@attune/tokenizer-core";
import { readGgufVocabulary } from "@attune/weights";
import { describe, expect, it } from "vitest";
import plugins from "../src/index.ts";

const data = process.env["ATTUNE_TEST_DATA"];

/** The 46 strings of llama.cpp's vocabulary tests; strings hold line feeds, so they are not lines. */
function readCases(name: string): { text: string; ids: number[] }[] {
  const path = join(data!, "tokenizer", `${name}.gguf`);
  const texts = readFileSync(`${path}.inp`, "utf8").split("\n__ggml_vocab_test__\n").slice(0, -1);
  const lines = readFileSync(`${path}.out`, "utf8").split("\n");
  return texts.map((text, index) => ({ text, ids: lines[index]!.split(" ").filter(Boolean).map(Number) }));
}

describe.skipIf(!data)("vocabularies of llama.cpp (needs ATTUNE_TEST_DATA)", () => {
  const loaded = new Map<string, Promise<Tokenizer>>();
  const load = (name: string): Promise<Tokenizer> => {
    const vocabulary = readGgufVocabulary(join(data!, "tokenizer", `${name}.gguf`));
    const tokenizer = loaded.get(name) ?? vocabulary.then((read) => tokenizerFromGguf(read, plugins));
    loaded.set(name, tokenizer);
    return tokenizer;
  };

  it.each(["gpt-2", "llama-spm"])("encodes and decodes all 46 cases with %s", async (name) => {
    const tokenizer = await load(name);
    const cases = readCases(name);
    expect(cases).toHaveLength(46);
    for (const { text, ids } of cases) {
      expect({ text, ids: [...tokenizer.encode(text).ids] }).toEqual({ text, ids });
      expect(tokenizer.decode(ids)).toBe(text);
      const stream = tokenizer.createDecoder();
      expect(ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(text);
    }
  });

  it("encodes with gpt-2 what catches ASCII classes, ignored case and a missing pre-tokenizer", async () => {
    const tokenizer = await load("gpt-2");
    const cases: [string, number[]][] = [
      ["naïve café", [2616, 38776, 40304]],
      ["año2024", [64, 31329, 1238, 1731]],
      ["été!!!été", [25125, 2634, 10185, 25125, 2634]],
      ["CAN'TEEN", [44565, 6, 9328, 1677]],
      ["I'MAGINE", [40, 6, 45820, 8881]],
      ["It's ok.\n\nYes.", [1026, 338, 12876, 13, 198, 198, 5297, 13]],
      [" \u00a0x", [220, 1849, 87]],
      ["x²+1", [87, 31185, 10, 16]],
      ["YOU'RE", [36981, 6, 2200]],
    ];
    for (const [text, ids] of cases) expect({ text, ids: [...tokenizer.encode(text).ids] }).toEqual({ text, ids });
  });

  it("knows the special tokens and what is put around texts", async () => {
    const gpt2 = await load("gpt-2");
    expect(gpt2).toMatchObject({ vocabularySize: 50257, specialTokens: { bos: 50256, eos: 50256 }, addsBos: false });
    expect([...gpt2.encode("a<|endoftext|>", { parseSpecialTokens: true }).ids]).toEqual([64, 50256]);
    expect(gpt2.encode("a<|endoftext|>").ids.length).toBeGreaterThan(2);
    const llama = await load("llama-spm");
    expect(llama).toMatchObject({
      vocabularySize: 32000,
      specialTokens: { bos: 1, eos: 2, unk: 0 },
      addsBos: true,
      addsEos: false,
    });
    expect([...llama.encode("Hello", { addSpecialTokens: true }).ids]).toEqual([1, 15043]);
    expect([...llama.encode("</s> Hello", { parseSpecialTokens: true }).ids]).toEqual([2, 29871, 15043]);
  });

  it("gives the pieces of a character its whole place", async () => {
    const { ids, offsets } = (await load("gpt-2")).encode("a 🦙.");
    expect([...ids]).toEqual([64, 12520, 99, 247, 13]);
    expect([...offsets]).toEqual([0, 1, 1, 4, 2, 4, 2, 4, 4, 5]);
  });

  it("holds back a character until its last token", async () => {
    const stream = (await load("llama-spm")).createDecoder();
    expect([29871, 243, 162, 169, 156, 29889].map((id) => stream.push(id))).toEqual(["", "", "", "", "", "🦙."]);
    const gpt2 = (await load("gpt-2")).createDecoder();
    expect([12520, 99, 247, 13].map((id) => gpt2.push(id))).toEqual([" ", "", "🦙", "."]);
  });

  it("names the models and pre-tokenizers it knows", async () => {
    await expect(load("bert-bge")).rejects.toMatchObject({ code: "FILE_UNSUPPORTED", hint: "Known are gpt2, llama." });
    const vocabulary = await readGgufVocabulary(join(data!, "tokenizer/gpt-2.gguf"));
    for (const pre of ["newest", undefined]) {
      expect(() => tokenizerFromGguf({ ...vocabulary, pre }, plugins)).toThrow(/tokenizer\.ggml\.pre is/);
    }
  });
});

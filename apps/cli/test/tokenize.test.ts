import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import bpe, { trainBpe } from "@attune/tokenizer-bpe";
import { loadTokenizer, saveTokenizer } from "@attune/tokenizer-core";
import { beforeAll, describe, expect, test } from "vitest";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";

const folder = temporaryFolder();
const tokenizer = join(folder, "tokenizer");
const text = "the cat and the café 😀\n\nthe hat</s>";

beforeAll(async () => {
  const document = await trainBpe(["the cat sat on the mat and the hat", "the café and the cat 😀"], {
    vocabularySize: 300,
    specialTokens: ["<s>", "</s>"],
    postProcessor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] } },
    },
  });
  await saveTokenizer(tokenizer, {
    source: "test",
    tokenizer: document,
    config: { bos_token: "<s>", eos_token: "</s>" },
  });
  writeFileSync(join(folder, "text.txt"), text);
});

describe("attune tokenize", () => {
  const base = (...more: string[]) => ["tokenize", "--tokenizer", tokenizer, "--input", ...more];

  test("prints ids and tokens of the whole file, and decodes them back to it", async () => {
    const { code, stdout, stderr } = await spawnAttune([...base(join(folder, "text.txt")), "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const document = JSON.parse(stdout) as { ids: number[]; tokens: string[] };
    expect(Object.keys(document)).toEqual(["schemaVersion", "ids", "tokens"]);
    const own = await loadTokenizer(tokenizer, bpe);
    expect(document.ids).toEqual([...own.encode(text, { parseSpecialTokens: true }).ids]);
    expect(document.tokens).toEqual(document.ids.map((id) => own.tokenOf(id)));
    expect(document.tokens.at(-1)).toBe("</s>");
    const decoded = await spawnAttune([...base("-"), "--decode", "--json"], { stdin: stdout });
    expect(JSON.parse(decoded.stdout)).toEqual({ schemaVersion: 1, text });
    expect((await spawnAttune([...base("-"), "--decode"], { stdin: stdout })).stdout).toBe(text);
  });

  test("the folder and its tokenizer.json are the same", async () => {
    const byFile = ["tokenize", "--tokenizer", join(tokenizer, "tokenizer.json"), "--input", "-"];
    expect(await attuneJson(byFile, text)).toEqual(await attuneJson(base("-"), text));
  });

  test("--add-special-tokens puts BOS in front, --skip-special-tokens leaves it out, --literal reads it as text", async () => {
    const plain = await attuneJson(base("-"), "the</s>");
    const added = await attuneJson([...base("-"), "--add-special-tokens"], "the</s>");
    expect(added["ids"]).toEqual([0, ...(plain["ids"] as number[])]);
    const skipped = await attuneJson([...base("-"), "--decode", "--skip-special-tokens"], JSON.stringify(added));
    expect(skipped["text"]).toBe("the");
    const literal = await attuneJson([...base("-"), "--literal"], "the</s>");
    expect(literal["ids"]).not.toContain(1);
    expect((await attuneJson([...base("-"), "--decode"], JSON.stringify(literal)))["text"]).toBe("the</s>");
  });

  test("--lines prints one document a line, both ways", async () => {
    const lines = ["the cat", "", "the café", "the hat"];
    const encoded = await runAttune([...base("-"), "--lines", "--json"], "the cat\n\r\nthe café\r\nthe hat");
    const documents = encoded.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { ids: number[]; tokens: string[] });
    expect(documents.map((document) => Object.keys(document))).toEqual(lines.map(() => ["ids", "tokens"]));
    for (const [index, line] of lines.entries()) {
      expect(documents[index]!.ids).toEqual((await attuneJson(base("-"), line))["ids"]);
    }
    const decoded = await runAttune([...base("-"), "--lines", "--decode", "--json"], encoded.stdout);
    expect(decoded.stdout).toBe(lines.map((line) => `${JSON.stringify({ text: line })}\n`).join(""));
    const plain = await runAttune([...base("-"), "--lines"], "the cat\nthe hat\n");
    expect(plain.stdout).toBe(`${documents[0]!.ids.join(" ")}\n${documents[3]!.ids.join(" ")}\n`);
  });

  test.each([
    ["bytes that are no UTF-8", Buffer.from([0x74, 0xff, 0xfe]), [], 1, "INPUT_INVALID"],
    ["ids that are no list", Buffer.from('{"ids":"1 2"}'), ["--decode"], 1, "INPUT_INVALID"],
    ["an id that is not there", Buffer.from('{"ids":[1,99999]}'), ["--decode"], 1, "INPUT_INVALID"],
    ["a negative id", Buffer.from('{"ids":[-1]}'), ["--decode"], 1, "INPUT_INVALID"],
    ["text instead of JSON", Buffer.from("hello"), ["--decode"], 1, "INPUT_INVALID"],
  ])("refuses %s", async (_, bytes, options, expected, errorCode) => {
    const path = join(folder, "bad.bin");
    writeFileSync(path, bytes);
    const { code, stdout, stderr } = await runAttune([...base(path), ...options]);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(`(${errorCode})`);
  });

  test.each([
    ["truncated", '{"model":{"type":"BPE","vocab":{"a":0', "FILE_CORRUPT"],
    ["of another kind", '{"hello":1}', "FILE_CORRUPT"],
    ["with a model that no plugin reads", '{"version":"1.0","added_tokens":[],"model":{"type":"Telepathy"}}', ""],
  ])("refuses a tokenizer.json that is %s", async (_, content, errorCode) => {
    const path = join(folder, "broken.json");
    writeFileSync(path, content);
    const { code, stderr } = await runAttune(["tokenize", "--tokenizer", path, "--input", join(folder, "text.txt")]);
    expect([1, 2]).toContain(code);
    expect(stderr).toMatch(/^error: .+ \([A-Z_]+\)\n/);
    expect(stderr).toContain(errorCode);
  });

  const data = process.env["ATTUNE_TEST_DATA"];
  test.skipIf(!data)("a GGUF vocabulary gives the ids of llama.cpp (needs ATTUNE_TEST_DATA)", async () => {
    const golden = join(data!, "tokenizer", "gpt-2.gguf");
    const texts = readFileSync(`${golden}.inp`, "utf8").split("\n__ggml_vocab_test__\n");
    const expected = readFileSync(`${golden}.out`, "utf8").split("\n");
    for (const index of [5, 20, texts.length - 2]) {
      const { ids } = await attuneJson<{ ids: number[] }>(
        ["tokenize", "--tokenizer", golden, "--input", "-"],
        texts[index],
      );
      expect(ids.join(" ")).toBe(expected[index]!.trim());
    }
  });
});

import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AttuneError } from "@attune/spec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GgufHeader, type GgufList, readGguf, readGgufVocabulary } from "../src/index.ts";
import { GgufBytes, type GgufEntry, ggufFile } from "./gguf-bytes.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const strings = (...values: string[]): GgufEntry => ({
  type: "array",
  of: "string",
  values: values.map((value) => ({ type: "string", value })),
});
const floats = (...values: number[]): GgufEntry => ({
  type: "array",
  of: "float32",
  values: values.map((value) => ({ type: "float32", value })),
});
const integers = (...values: number[]): GgufEntry => ({
  type: "array",
  of: "int32",
  values: values.map((value) => ({ type: "int32", value })),
});

const vocabulary: Record<string, GgufEntry> = {
  "general.architecture": { type: "string", value: "llama" },
  "tokenizer.ggml.model": { type: "string", value: "llama" },
  "tokenizer.ggml.pre": { type: "string", value: "default" },
  "tokenizer.ggml.tokens": strings("<unk>", "<s>", "é"),
  "tokenizer.ggml.scores": floats(0, 0, -1.5),
  "tokenizer.ggml.token_type": integers(2, 3, 1),
  "tokenizer.ggml.bos_token_id": { type: "uint32", value: 1 },
  "tokenizer.ggml.seperator_token_id": { type: "uint32", value: 2 },
  "tokenizer.ggml.add_bos_token": { type: "bool", value: true },
  "tokenizer.chat_template": { type: "string", value: "{{ x }}" },
};
const tensors = [
  { name: "a", dimensions: [256, 3], type: 12, offset: 0 },
  { name: "b", dimensions: [5], type: 0, offset: 448 },
];

function fileWith(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), "x.gguf");
  writeFileSync(path, bytes);
  return path;
}

async function failureOf(promise: Promise<unknown>): Promise<AttuneError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(AttuneError.is(error), String(error)).toBe(true);
  return error as AttuneError;
}

describe("readGguf", () => {
  it("reads every type of value", async () => {
    const metadata: Record<string, GgufEntry> = {
      byte: { type: "uint8", value: 7 },
      negative: { type: "int32", value: -5 },
      single: { type: "float32", value: 0.5 },
      double: { type: "float64", value: 1e300 },
      long: { type: "uint64", value: 2 ** 40 },
      text: { type: "string", value: "héllo" },
      no: { type: "bool", value: false },
      nested: { type: "array", of: "array", values: [integers(1, 2), integers(), integers(-3)] },
    };
    for (const version of [2, 3]) {
      const header = await readGguf(fileWith(ggufFile(metadata, [], 0, version)));
      expect(header.version).toBe(version);
      const plain = [...header.metadata].map(([key, value]) => [key, typeof value === "object" ? value.length : value]);
      expect(Object.fromEntries(plain)).toEqual({
        byte: 7,
        negative: -5,
        single: 0.5,
        double: 1e300,
        long: 2 ** 40,
        text: "héllo",
        no: false,
        nested: 3,
      });
      const nested = (header.metadata.get("nested") as GgufList).toArray() as GgufList[];
      expect(nested.map((list) => list.toArray())).toEqual([[1, 2], [], [-3]]);
    }
  });

  it("says where tensors are, with extents outermost first", async () => {
    const bytes = ggufFile({}, tensors, 468);
    const header = await readGguf(fileWith(bytes));
    expect(header.tensors).toEqual([
      { name: "a", type: "Q4_K", shape: [3, 256], byteOffset: bytes.length - 468, byteLength: 432 },
      { name: "b", type: "F32", shape: [5], byteOffset: bytes.length - 20, byteLength: 20 },
    ]);
  });

  it("reads on when the header is larger than the first part it reads", async () => {
    const tokens = Array.from({ length: 120_000 }, (_, index) => `token number ${index}`);
    const header = await readGguf(fileWith(ggufFile({ ...vocabulary, "tokenizer.ggml.tokens": strings(...tokens) })));
    expect((header.metadata.get("tokenizer.ggml.tokens") as GgufList).toArray().at(-1)).toBe("token number 119999");
  });

  const begin = () => new GgufBytes().uint32(0x46554747).uint32(3);
  const key = (type: number) => begin().uint64(0).uint64(1).string("k").uint32(type);
  const tensor = (rank: number) => begin().uint64(1).uint64(0).string("t").uint32(rank);
  it.each<[string, Uint8Array, string, RegExp]>([
    ["an empty file", new Uint8Array(0), "FILE_CORRUPT", /magic number/],
    [
      "another file",
      new TextEncoder().encode("PK..............................."),
      "FILE_CORRUPT",
      /does not begin with GGUF/,
    ],
    ["version 1", ggufFile({}, [], 0, 1), "FILE_UNSUPPORTED", /found 1/],
    ["big-endian bytes", ggufFile({}, [], 0, 0x03000000), "FILE_UNSUPPORTED", /the other way around/],
    [
      "more tensors than fit",
      begin()
        .uint64(2n ** 60n)
        .uint64(0)
        .bytes(),
      "FILE_CORRUPT",
      /at most \d+ for the number of tensors/,
    ],
    ["more keys than fit", begin().uint64(0).uint64(1e6).bytes(), "FILE_CORRUPT", /at most \d+ for the number of keys/],
    ["a string longer than the file", key(8).uint64(1e12).bytes(), "FILE_CORRUPT", /length of k/],
    ["an unknown type", key(13).uint64(0).bytes(), "FILE_CORRUPT", /from 0 to 12 for k, but found 13/],
    [
      "a list longer than the file",
      key(9)
        .uint32(8)
        .uint64(2n ** 61n)
        .bytes(),
      "FILE_CORRUPT",
      /length of k/,
    ],
    [
      "lists without end",
      Array.from({ length: 20 })
        .reduce<GgufBytes>((file) => file.uint32(9).uint64(1), key(9))
        .data(8, 200)
        .bytes(),
      "FILE_CORRUPT",
      /at most 8 lists/,
    ],
    [
      "a key twice",
      begin().uint64(0).uint64(2).string("k").uint32(0).data(1, 1).string("k").uint32(0).data(1, 9).bytes(),
      "FILE_CORRUPT",
      /"k" is there twice/,
    ],
    [
      "an alignment of 3",
      ggufFile({ "general.alignment": { type: "uint32", value: 3 } }),
      "FILE_CORRUPT",
      /multiple of 8/,
    ],
    ["five dimensions", tensor(5).data(8, 100).bytes(), "FILE_CORRUPT", /at most 4 dimensions/],
    [
      "an unknown type of tensor",
      ggufFile({}, [{ ...tensors[1]!, type: 77, offset: 0 }], 20),
      "FILE_UNSUPPORTED",
      /type 77/,
    ],
    ["an offset between blocks", ggufFile({}, [{ ...tensors[1]!, offset: 4 }], 40), "FILE_CORRUPT", /multiple of 32/],
    [
      "rows of broken blocks",
      ggufFile({}, [{ ...tensors[0]!, dimensions: [100] }], 500),
      "FILE_CORRUPT",
      /multiple of 256/,
    ],
    ["data past the end", ggufFile({}, tensors, 467), "FILE_CORRUPT", /"b": expected its data to end by/],
    ["overlapping data", ggufFile({}, [tensors[0]!, { ...tensors[1]!, offset: 416 }], 468), "FILE_CORRUPT", /overlaps/],
    ["a name twice", ggufFile({}, [tensors[0]!, { ...tensors[1]!, name: "a" }], 468), "FILE_CORRUPT", /there twice/],
    [
      "a size of 2^63",
      tensor(1)
        .uint64(2n ** 63n)
        .uint32(0)
        .uint64(0)
        .data(8, 100)
        .bytes(),
      "FILE_CORRUPT",
      /below 2\^53/,
    ],
  ])("refuses %s", async (_, bytes, code, message) => {
    const path = fileWith(bytes);
    const error = await failureOf(readGguf(path));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), details: { file: path } });
    expect(error.message).toContain(path);
  });

  it("gives an error or a header for any flipped, cut or inserted byte", async () => {
    const bytes = ggufFile(vocabulary, tensors, 468);
    const path = join(temporaryFolder(), "x.gguf");
    const mutation = fc.record({
      kind: fc.constantFrom("flip", "cut", "insert"),
      position: fc.nat(bytes.length),
      value: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const changed = mutations.reduce((file, { kind, position, value }) => {
          if (kind === "cut") return file.slice(0, position);
          if (kind === "insert") return Uint8Array.of(...file.subarray(0, position), value, ...file.subarray(position));
          const copy = file.slice();
          if (position < copy.length) copy[position]! ^= value;
          return copy;
        }, bytes);
        writeFileSync(path, changed);
        try {
          const header = await readGguf(path);
          for (const value of header.metadata.values()) if (typeof value === "object") value.toArray();
          await readGgufVocabulary(header);
        } catch (error) {
          expect(AttuneError.is(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("readGgufVocabulary", () => {
  it("reads tokens, scores, types, roles and the chat template", async () => {
    const path = fileWith(ggufFile(vocabulary));
    expect(await readGgufVocabulary(path)).toEqual({
      file: path,
      model: "llama",
      pre: "default",
      tokens: ["<unk>", "<s>", "é"],
      merges: undefined,
      scores: Float32Array.of(0, 0, -1.5),
      tokenTypes: Int32Array.of(2, 3, 1),
      bosId: 1,
      eosId: undefined,
      unknownId: undefined,
      paddingId: undefined,
      separatorId: 2,
      addBos: true,
      addEos: undefined,
      addSpacePrefix: undefined,
      chatTemplate: "{{ x }}",
    });
  });

  it.each<[string, Record<string, GgufEntry>, RegExp]>([
    ["no tokens", { "tokenizer.ggml.tokens": integers(1) }, /tokens to be a list of string/],
    ["scores for other tokens", { "tokenizer.ggml.scores": floats(1) }, /scores for 3 tokens, but found 1/],
    [
      "an id beyond the tokens",
      { "tokenizer.ggml.bos_token_id": { type: "uint32", value: 3 } },
      /bos_token_id below 3, but found 3/,
    ],
    [
      "an id that is text",
      { "tokenizer.ggml.bos_token_id": { type: "string", value: "1" } },
      /bos_token_id to be a number, but it is a string/,
    ],
    ["merges of numbers", { "tokenizer.ggml.merges": integers(1) }, /merges to be a list of string/],
  ])("refuses %s", async (_, changes, message) => {
    const error = await failureOf(readGgufVocabulary(fileWith(ggufFile({ ...vocabulary, ...changes }))));
    expect(error).toMatchObject({ code: "FILE_CORRUPT", message: expect.stringMatching(message) });
  });

  it("says so when there is no vocabulary", async () => {
    expect((await failureOf(readGgufVocabulary(fileWith(ggufFile({}))))).message).toMatch(/one of them is missing/);
  });
});

const data = process.env["ATTUNE_TEST_DATA"];

describe.skipIf(!data)("vocabularies of llama.cpp (needs ATTUNE_TEST_DATA)", () => {
  const count = (header: GgufHeader, key: string): number =>
    (header.metadata.get(`tokenizer.ggml.${key}`) as GgufList | undefined)?.length ?? 0;

  it.each([
    ["gpt-2", 16, 50_257, 50_000, 0],
    ["llama-spm", 22, 32_000, 0, 32_000],
    ["bert-bge", 20, 30_522, 0, 0],
  ])("reads %s", async (name, keys, tokens, merges, scores) => {
    const path = join(data!, "tokenizer", `${name}.gguf`);
    expect(statSync(path).size).toBeGreaterThan(0);
    const header = await readGguf(path);
    expect([header.version, header.metadata.size, header.tensors.length]).toEqual([3, keys, 0]);
    expect([count(header, "tokens"), count(header, "merges"), count(header, "scores")]).toEqual([
      tokens,
      merges,
      scores,
    ]);
  });

  it("reads the separator under the name that llama.cpp gives it", async () => {
    const { separatorId, paddingId, unknownId, model } = await readGgufVocabulary(
      join(data!, "tokenizer/bert-bge.gguf"),
    );
    expect({ separatorId, paddingId, unknownId, model }).toEqual({
      separatorId: 102,
      paddingId: 0,
      unknownId: 100,
      model: "bert",
    });
  });
});

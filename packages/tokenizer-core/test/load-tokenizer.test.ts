import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttuneError, type GgufVocabulary, type JsonObject, type JsonValue } from "@attune/spec";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  createTokenizer,
  formatTokenizerJson,
  loadTokenizer,
  readTokenizerFiles,
  saveTokenizer,
  tokenizerFromGguf,
} from "../src/index.ts";
import { characterPlugin, characterTokenizer, characterVocabulary, tokensOf } from "./character-plugin.ts";

const special = ["<s>", "</s>", "<pad>"].map((content, index) => ({ id: 200 + index, content, special: true }));
const document: JsonObject = { model: { type: "Characters", vocab: characterVocabulary }, added_tokens: special };
const template = {
  type: "TemplateProcessing",
  single: [
    { SpecialToken: { id: "<s>", type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { SpecialToken: { id: "</s>", type_id: 0 } },
  ],
  special_tokens: {
    "<s>": { id: "<s>", ids: [200], tokens: ["<s>"] },
    "</s>": { id: "</s>", ids: [201], tokens: ["</s>"] },
  },
};

function folderWith(files: Readonly<Record<string, JsonValue | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-tokenizer-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const raw = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(join(folder, name), raw ? content : JSON.stringify(content));
  }
  return folder;
}

describe("loadTokenizer", () => {
  it("reads a folder or the file in it, with what lies beside it", async () => {
    const folder = folderWith({
      "tokenizer.json": document,
      "tokenizer_config.json": { bos_token: { content: "<s>" }, pad_token: "<pad>", chat_template: "old" },
      "special_tokens_map.json": { eos_token: "</s>", pad_token: "</s>" },
      "chat_template.jinja": "new",
    });
    for (const path of [folder, join(folder, "tokenizer.json")]) {
      const tokenizer = await loadTokenizer(path, [characterPlugin]);
      expect(tokenizer.specialTokens).toEqual({ bos: 200, eos: 201, pad: 202, unk: undefined });
      expect(tokenizer.chatTemplate).toBe("new");
      expect(tokenizer).toMatchObject({
        kind: "tokenizer",
        specificationVersion: 1,
        id: "Characters",
        vocabularySize: 203,
      });
    }
  });

  it.each([
    ["one in the config", { chat_template: "a" }, "a"],
    [
      "the default of several",
      {
        chat_template: [
          { name: "tool_use", template: "t" },
          { name: "default", template: "d" },
        ],
      },
      "d",
    ],
    ["none", {}, undefined],
  ])("takes %s as chat template", async (_, config, expected) => {
    const tokenizer = await loadTokenizer(folderWith({ "tokenizer.json": document, "tokenizer_config.json": config }), [
      characterPlugin,
    ]);
    expect(tokenizer.chatTemplate).toBe(expected);
  });

  it("reads the older chat_template.json", async () => {
    const folder = folderWith({ "tokenizer.json": document, "chat_template.json": { chat_template: "j" } });
    expect((await loadTokenizer(folder, [characterPlugin])).chatTemplate).toBe("j");
  });

  it.each<[string, Record<string, JsonValue | Uint8Array>, string, RegExp]>([
    ["a truncated file", { "tokenizer.json": '{"model": {"type"' }, "FILE_CORRUPT", /tokenizer\.json: expected JSON/],
    ["a list", { "tokenizer.json": "[]" }, "FILE_CORRUPT", /expected a JSON object/],
    ["no UTF-8", { "tokenizer.json": Uint8Array.of(123, 255) }, "FILE_CORRUPT", /UTF-8/],
    ["no file", {}, "FILE_NOT_FOUND", /tokenizer\.json/],
    [
      "a truncated config",
      { "tokenizer.json": document, "tokenizer_config.json": "{" },
      "FILE_CORRUPT",
      /tokenizer_config\.json/,
    ],
    [
      "a config with a wrong type",
      { "tokenizer.json": document, "tokenizer_config.json": { bos_token: 3 } },
      "FILE_CORRUPT",
      /tokenizer_config\.bos_token: expected a token/,
    ],
  ])("refuses %s", async (_, files, code, message) => {
    const error: unknown = await loadTokenizer(folderWith(files), [characterPlugin]).catch((reason: unknown) => reason);
    expect(AttuneError.is(error), String(error)).toBe(true);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe("createTokenizer", () => {
  it.each([undefined, {}, { tokenizer_class: "PreTrainedTokenizerFast", bos_token: null }])(
    "adds what the post-processor says, and calls it BOS and EOS when no config does: %j",
    (config) => {
      const tokenizer = characterTokenizer({ added_tokens: special, post_processor: template }, { config });
      const { ids, offsets } = tokenizer.encode("ab", { addSpecialTokens: true });
      expect(Array.from(ids, (id) => tokenizer.tokenOf(id))).toEqual(["<s>", "a", "b", "</s>"]);
      expect([...offsets]).toEqual([0, 0, 0, 1, 1, 2, 2, 2]);
      expect(tokenizer).toMatchObject({ addsBos: true, addsEos: true, specialTokens: { bos: 200, eos: 201 } });
      expect(tokensOf(tokenizer, "ab")).toEqual(["a", "b"]);
    },
  );

  it("adds what the post-processor says whatever the config says, as Transformers 5 does", () => {
    const roles = { bos_token: "<s>", eos_token: "</s>" };
    const switches = [undefined, true, false].flatMap((add_bos_token) =>
      [undefined, true, false].map((add_eos_token) => ({ add_bos_token, add_eos_token })),
    );
    for (const flags of switches) {
      const config = { ...roles, ...(JSON.parse(JSON.stringify(flags)) as JsonObject) };
      const added = (sections: JsonObject) => {
        const tokenizer = characterTokenizer({ added_tokens: special, ...sections }, { config });
        return Array.from(tokenizer.encode("a", { addSpecialTokens: true }).ids, (id) => tokenizer.tokenOf(id));
      };
      expect(added({ post_processor: template })).toEqual(["<s>", "a", "</s>"]);
      expect(added({})).toEqual(["a"]);
    }
  });

  it("adds tokens that only the config names", () => {
    const config = {
      added_tokens_decoder: { "300": { content: "<x>" }, "301": { content: "yy", special: false } },
      bos_token: "é",
      mask_token: "🦙",
    };
    const tokenizer = characterTokenizer({}, { config });
    expect(tokensOf(tokenizer, "<x>yy", true)).toEqual(["<x>", "yy"]);
    expect([...tokenizer.specialIds].map((id) => tokenizer.tokenOf(id)).sort()).toEqual(["<x>", "é", "🦙"].sort());
  });

  it("gives equal hashes to what encodes equally, others to the rest", () => {
    const hash = characterTokenizer({ added_tokens: special }).hash;
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(
      characterTokenizer(
        { version: "2.0", added_tokens: special, truncation: { max_length: 5 } },
        { chatTemplate: "x" },
      ).hash,
    ).toBe(hash);
    expect(characterTokenizer({ added_tokens: special, normalizer: { type: "NFC" } }).hash).not.toBe(hash);
    expect(characterTokenizer({ added_tokens: special.slice(1) }).hash).not.toBe(hash);
    expect(characterTokenizer({ added_tokens: special, post_processor: template }).hash).not.toBe(hash);
  });

  it.each([
    [
      "pre_tokenizer",
      { type: "Sequence", pretokenizers: [{ type: "Magic" }] },
      /pre_tokenizer\.pretokenizers\[0\]: the pre-tokenizer "Magic" is not known/,
      "ByteLevel",
    ],
    ["normalizer", { type: "Precompiled" }, /the normalizer "Precompiled"/, "NFKC"],
    ["decoder", { type: "CTC" }, /the decoder "CTC"/, "ByteFallback"],
    ["post_processor", { type: "constructor" }, /the post-processor "constructor"/, "TemplateProcessing"],
  ])("names the known types of %s when one is unknown", (key, section, message, known) => {
    try {
      characterTokenizer({ [key]: section });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "FILE_UNSUPPORTED",
        message: expect.stringMatching(message),
        hint: expect.stringContaining(known),
      });
    }
  });

  it("names the models that the plugins have", () => {
    expect(() =>
      createTokenizer({ source: "x", tokenizer: { model: { type: "Unigram" } } }, [characterPlugin]),
    ).toThrow(/"Unigram"/);
    expect(() => createTokenizer({ source: "x", tokenizer: {} }, [characterPlugin])).toThrow(
      /x: expected "model" to be an object, but it is missing/,
    );
  });

  it.each([
    [
      "ids that no token has",
      { ...template, special_tokens: { ...template.special_tokens, "<s>": { ids: [999] } } },
      /adds the id 999/,
    ],
    ["a token without ids", { ...template, special_tokens: {} }, /expected ids of the special token "<s>"/],
    ["no text", { ...template, single: template.single.slice(0, 1) }, /text between the special tokens/],
    ["the text twice", { ...template, single: [template.single[1], template.single[1]] }, /there twice/],
  ])("refuses a template with %s", (_, section, message) => {
    expect(() => characterTokenizer({ added_tokens: special, post_processor: section as JsonObject })).toThrow(message);
  });

  it("decodes ids without a token to nothing and refuses what is no id", () => {
    const tokenizer = characterTokenizer({ decoder: { type: "Fuse" }, added_tokens: special });
    expect(tokenizer.decode([...tokenizer.encode("ab").ids, 150, 9999])).toBe("ab");
    expect(tokenizer.decode([200, 3, 201], { skipSpecialTokens: true })).toBe(tokenizer.tokenOf(3));
    expect(() => tokenizer.decode([1.5])).toThrow(/Expected a token id/);
    expect(() => tokenizer.decode([-1])).toThrow(/Expected a token id/);
  });

  it("gives an AttuneError or a tokenizer for any damage to a section", () => {
    const sections: JsonObject = {
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Replace", pattern: { Regex: "a+" }, content: "b" },
          { type: "Prepend", prepend: "x" },
        ],
      },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: true },
      post_processor: template,
      decoder: { type: "Strip", content: " ", start: 1, stop: 0 },
      added_tokens: special,
    };
    const text = JSON.stringify(sections);
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom("0", "-1", '"x"', "null", "[]", "{}", "", '"', "1e99", "true"),
        fc.nat(12),
        (place, inserted, removed) => {
          let damaged: JsonObject;
          try {
            damaged = JSON.parse(text.slice(0, place) + inserted + text.slice(place + removed)) as JsonObject;
          } catch {
            return;
          }
          try {
            const tokenizer = characterTokenizer(damaged);
            tokenizer.decode(tokenizer.encode("a <s> b", { addSpecialTokens: true, parseSpecialTokens: true }).ids);
          } catch (error) {
            expect(AttuneError.is(error), String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("keeps offsets in order and inside the text, whatever rewrites it", () => {
    const tokenizer = characterTokenizer({
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "NFKD" },
          { type: "StripAccents" },
          { type: "Lowercase" },
          { type: "Replace", pattern: { String: "ab" }, content: "▁▁▁" },
          { type: "Strip", strip_left: true, strip_right: true },
          { type: "Prepend", prepend: "▁" },
        ],
      },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [{ type: "Digits", individual_digits: true }, { type: "Punctuation" }],
      },
    });
    const unit = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 3 }),
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.constantFrom("ab", "e\u0301", "ﬁ", "한", " "),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const { ids, offsets } = tokenizer.encode(text);
        expect(offsets).toHaveLength(2 * ids.length);
        for (let index = 0; index < ids.length; index++) {
          const [start, end] = [offsets[2 * index]!, offsets[2 * index + 1]!];
          expect(start < end && end <= text.length && start >= (offsets[2 * index - 2] ?? 0)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("saveTokenizer", () => {
  it("writes a folder that reads back as the same tokenizer", async () => {
    const files = {
      source: "made",
      tokenizer: document,
      config: { bos_token: "<s>", model_max_length: 512 },
      chatTemplate: "{{ x }}",
    };
    const folder = join(folderWith({}), "new");
    await saveTokenizer(folder, files);
    expect(JSON.parse(readFileSync(join(folder, "special_tokens_map.json"), "utf8"))).toEqual({ bos_token: "<s>" });
    const read = await readTokenizerFiles(folder);
    expect(read.config).toMatchObject({
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: 512,
      added_tokens_decoder: { "200": { content: "<s>", special: true } },
    });
    const [before, after] = [createTokenizer(files, [characterPlugin]), createTokenizer(read, [characterPlugin])];
    expect(after).toMatchObject({ hash: before.hash, specialTokens: before.specialTokens, chatTemplate: "{{ x }}" });
  });

  it("keeps the vocabulary in the order of its ids, also for tokens that look like numbers", () => {
    const text = formatTokenizerJson({
      model: { type: "BPE", vocab: { "7": 1, "0": 2, a: 0, vocabulary: 3 }, merges: [] },
      version: "vocabulary",
    });
    expect(text).toContain('"vocab": {\n      "a": 0,\n      "7": 1,\n      "0": 2,\n      "vocabulary": 3\n    },');
    expect(JSON.parse(text)).toMatchObject({ version: "vocabulary" });
  });
});

describe("tokenizerFromGguf", () => {
  const vocabulary: GgufVocabulary = {
    file: "x.gguf",
    model: "characters",
    pre: undefined,
    tokens: [],
    merges: undefined,
    scores: undefined,
    tokenTypes: undefined,
    bosId: undefined,
    eosId: undefined,
    unknownId: undefined,
    paddingId: undefined,
    separatorId: undefined,
    addBos: undefined,
    addEos: undefined,
    addSpacePrefix: undefined,
    chatTemplate: undefined,
  };
  const plugin = { ...characterPlugin, gguf: { characters: () => ({ source: "x.gguf", tokenizer: document }) } };

  it("asks the plugin that knows the model, and names those that are known", () => {
    expect(tokenizerFromGguf(vocabulary, [plugin]).id).toBe("Characters");
    expect(() => tokenizerFromGguf({ ...vocabulary, model: "bert" }, [plugin])).toThrow(
      /x\.gguf: tokenizer\.ggml\.model is "bert"/,
    );
    expect(() => tokenizerFromGguf({ ...vocabulary, model: "toString" }, [plugin])).toThrow(
      /no tokenizer plugin knows/,
    );
  });
});

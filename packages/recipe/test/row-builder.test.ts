import type { TextRecord, Tokenizer } from "@attune/spec";
import tokenizerPlugins from "@attune/tokenizer-bpe";
import { loadTokenizer } from "@attune/tokenizer-core";
import { createExampleSource, ignoredLabel } from "@attune/train";
import { beforeAll, describe, expect, it } from "vitest";
import type { TemplateConfig } from "../src/config/data-config.ts";
import { createRowBuilder, documentText } from "../src/data/row-builder.ts";
import { buildRows, checkLabelsTrained } from "../src/data/training-rows.ts";
import { chatTemplate, sharedFolder, writeTinyModel } from "./tiny-model.ts";

const folder = sharedFolder();
let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(await writeTinyModel(folder), tokenizerPlugins);
});

const template: TemplateConfig = {
  prompt: "{text} Is this spam?",
  completion: " {completion}",
  completions: { ham: " no", spam: " yes" },
  maxTokens: null,
  maxPieces: 1,
  endOfText: false,
  chatTemplate: null,
};

/** The text of the tokens that a row trains. */
function trainedText({ ids, labels }: { ids: Int32Array; labels: Int32Array }): string {
  return tokenizer.decode([...ids].filter((_, index) => labels[index] !== ignoredLabel));
}

const record = (fields: Partial<TextRecord>): TextRecord => ({
  id: "a",
  text: "free money",
  source: "test",
  ...fields,
});

describe("createRowBuilder", () => {
  it("trains the words of the label and nothing of the prompt", () => {
    const { example } = createRowBuilder(template, tokenizer, ["ham", "spam"]).rows(record({ label: "spam" }))[0]!;
    expect(trainedText(example)).toBe(" yes");
    expect(tokenizer.decode(example.ids, { skipSpecialTokens: true })).toBe("free money Is this spam? yes");
    expect(example.ids[0]).toBe(tokenizer.specialTokens.bos);
  });

  it("ends with a trained EOS where the template says so", () => {
    const { example } = createRowBuilder({ ...template, endOfText: true }, tokenizer, ["ham", "spam"]).rows(
      record({ label: "ham" }),
    )[0]!;
    expect(trainedText(example)).toBe(" no</s>");
  });

  it("fills {completion} with the label, or the completion of a record", () => {
    const plain = { ...template, completions: null };
    expect(
      trainedText(createRowBuilder(plain, tokenizer, ["ham", "spam"]).rows(record({ label: "ham" }))[0]!.example),
    ).toBe(" ham");
    const pair = record({ metadata: { content: { prompt: "topic", completion: "place" } } });
    const { example } = createRowBuilder(plain, tokenizer, undefined).rows(pair)[0]!;
    expect(trainedText(example)).toBe(" place");
    expect(tokenizer.decode(example.ids, { skipSpecialTokens: true })).toBe("topic Is this spam? place");
    expect(documentText(pair, { ...plain, prompt: "{text}:" })).toBe("topic: place");
  });

  it("cuts long texts to maxTokens, and says so", () => {
    const builder = createRowBuilder({ ...template, maxTokens: 12 }, tokenizer, ["ham", "spam"]);
    const { example, truncated, segments } = builder.rows(record({ text: "money ".repeat(60), label: "spam" }))[0]!;
    expect(truncated).toBe(true);
    expect(tokenizer.encode(segments[0]!.text).ids.length).toBeLessThanOrEqual(12);
    expect(segments[0]!.text.endsWith(" Is this spam?")).toBe(true);
    expect(example.ids.length).toBe(1 + tokenizer.encode(segments[0]!.text).ids.length + 1);
    expect(builder.rows(record({ label: "spam" }))[0]!.truncated).toBe(false);
  });

  it("reads a long labelled text in pieces, each a row of its own", () => {
    const builder = createRowBuilder({ ...template, maxTokens: 12, maxPieces: 3 }, tokenizer, ["ham", "spam"]);
    const text = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? "free" : "money")).join(" ");
    const rows = builder.rows(record({ text, label: "spam" }));
    expect(rows.map(({ example }) => example.id)).toEqual(["a", "a#2", "a#3"]);
    expect(rows.map(({ truncated }) => truncated)).toEqual([false, false, true]);
    const read = rows.map(({ segments }) => segments[0]!.text.replace(" Is this spam?", ""));
    expect(text.replaceAll(" ", "").startsWith(read.join("").replaceAll(" ", ""))).toBe(true);
    for (const { example, segments } of rows) {
      expect(trainedText(example)).toBe(" yes");
      expect(tokenizer.encode(segments[0]!.text).ids.length).toBeLessThanOrEqual(12);
    }
    expect(builder.rows(record({ label: "spam" }))).toHaveLength(1);
    expect(
      createRowBuilder({ ...template, completions: null, maxTokens: 12, maxPieces: 3 }, tokenizer, undefined).rows(
        record({ metadata: { content: { prompt: text, completion: "x" } } }),
      ),
    ).toHaveLength(1);
  });

  it("trains every assistant message of a conversation and the token that ends it", () => {
    const messages = [
      { role: "user", content: "free" },
      { role: "assistant", content: "money" },
      { role: "user", content: "lunch" },
      { role: "assistant", content: "report" },
    ];
    const { example } = createRowBuilder({ ...template, chatTemplate }, tokenizer, undefined).rows(
      record({ metadata: { content: { messages } } }),
    )[0]!;
    expect(trainedText(example)).toBe("money<|end|>report<|end|>");
    expect(example.ids.filter((id) => id === tokenizer.specialTokens.bos)).toHaveLength(1);
  });

  it.each([
    ["an unknown label", record({ label: "junk" }), 'label is "junk"'],
    ["no label", record({}), "it has none"],
  ])("refuses %s", (_, given, message) => {
    const builder = createRowBuilder(template, tokenizer, ["ham", "spam"]);
    expect(() => builder.rows(given)).toThrow(
      expect.objectContaining({ code: "LABELS_INVALID", message: expect.stringContaining(message) }),
    );
  });

  it("refuses a label without words, and a completion without its place", () => {
    expect(() => createRowBuilder(template, tokenizer, ["ham", "other"]).rows(record({ label: "other" }))).toThrow(
      "no words for the label",
    );
    const bad = { ...template, completions: null, completion: "fixed" };
    expect(() => createRowBuilder(bad, tokenizer, ["ham", "spam"]).rows(record({ label: "ham" }))).toThrow(
      "{completion} exactly once",
    );
  });
});

describe("buildRows", () => {
  const limits = { contextLength: 64 };
  const silent = record({ id: "silent", metadata: { content: { messages: [{ role: "user", content: "free" }] } } });
  const spoken = record({
    id: "spoken",
    metadata: {
      content: {
        messages: [
          { role: "user", content: "free" },
          { role: "assistant", content: "money" },
        ],
      },
    },
  });

  it("drops rows of which nothing is trained and counts them; refuses when that is all of them", () => {
    const builder = createRowBuilder({ ...template, chatTemplate }, tokenizer, undefined);
    const { counts, examples } = buildRows([silent, spoken], builder, { tokenizer, ...limits });
    expect(counts).toMatchObject({ kept: 1, maskedOut: 1, truncated: 0 });
    expect(examples.map(({ id }) => id)).toEqual(["spoken"]);
    expect(() => buildRows([silent], builder, { tokenizer, ...limits })).toThrow(
      expect.objectContaining({
        code: "LABELS_INVALID",
        message: expect.stringContaining("All 1 rows have no trained token"),
      }),
    );
  });

  it("takes plain text of any length, which packing cuts into the rows that it fills", () => {
    const builder = createRowBuilder({ ...template, prompt: "{text}" }, tokenizer, undefined);
    const long = record({ id: "long", text: "money ".repeat(180).trim() });
    const { examples, counts } = buildRows([long], builder, { tokenizer, ...limits });
    const [{ ids }] = examples as [(typeof examples)[0]];
    expect(ids.length).toBeGreaterThan(2 * limits.contextLength);
    expect(counts).toMatchObject({ kept: 1, tokens: ids.length, trainedTokens: ids.length - 1 });
    const source = createExampleSource({
      examples,
      rows: 1,
      blockLength: limits.contextLength,
      padId: 0,
      seed: 1,
      shuffle: false,
    });
    expect(source.batchesPerEpoch).toBe(Math.ceil(ids.length / limits.contextLength));
  });

  it("refuses a text longer than the context, naming the row", () => {
    const builder = createRowBuilder(template, tokenizer, ["ham", "spam"]);
    const long = record({ id: "long", text: "money ".repeat(80), label: "spam" });
    expect(() => buildRows([long], builder, { tokenizer, ...limits })).toThrow(
      expect.objectContaining({
        code: "CONTEXT_EXCEEDED",
        message: expect.stringContaining('Row "long"'),
        hint: expect.stringContaining("maxTokens"),
      }),
    );
  });

  it("refuses labels that no row trains", () => {
    expect(() => checkLabelsTrained([record({ label: "ham" })], ["ham", "spam"])).toThrow(
      expect.objectContaining({ code: "LABELS_INVALID", message: expect.stringContaining('none of "spam"') }),
    );
  });
});

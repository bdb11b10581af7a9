import type { TextRecord, Tokenizer } from "@attune/spec";
import tokenizerPlugins from "@attune/tokenizer-bpe";
import { loadTokenizer } from "@attune/tokenizer-core";
import { ignoredLabel } from "@attune/train";
import { beforeAll, describe, expect, it } from "vitest";
import type { TemplateConfig } from "../src/config/data-config.ts";
import { createRowBuilder, documentText } from "../src/data/row-builder.ts";
import { buildRows, checkLabelsTrained } from "../src/train/training-rows.ts";
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
    const { example } = createRowBuilder(template, tokenizer, ["ham", "spam"]).row(record({ label: "spam" }));
    expect(trainedText(example)).toBe(" yes");
    expect(tokenizer.decode(example.ids, { skipSpecialTokens: true })).toBe("free money Is this spam? yes");
    expect(example.ids[0]).toBe(tokenizer.specialTokens.bos);
  });

  it("ends with a trained EOS where the template says so", () => {
    const { example } = createRowBuilder({ ...template, endOfText: true }, tokenizer, ["ham", "spam"]).row(
      record({ label: "ham" }),
    );
    expect(trainedText(example)).toBe(" no</s>");
  });

  it("fills {completion} with the label, or the completion of a record", () => {
    const plain = { ...template, completions: null };
    expect(trainedText(createRowBuilder(plain, tokenizer, ["ham", "spam"]).row(record({ label: "ham" })).example)).toBe(
      " ham",
    );
    const pair = record({ metadata: { content: { prompt: "topic", completion: "place" } } });
    const { example } = createRowBuilder(plain, tokenizer, undefined).row(pair);
    expect(trainedText(example)).toBe(" place");
    expect(tokenizer.decode(example.ids, { skipSpecialTokens: true })).toBe("topic Is this spam? place");
    expect(documentText(pair, { ...plain, prompt: "{text}:" })).toBe("topic: place");
  });

  it("cuts long texts to maxTokens, and says so", () => {
    const builder = createRowBuilder({ ...template, maxTokens: 12 }, tokenizer, ["ham", "spam"]);
    const { example, truncated, segments } = builder.row(record({ text: "money ".repeat(60), label: "spam" }));
    expect(truncated).toBe(true);
    expect(tokenizer.encode(segments[0]!.text).ids.length).toBeLessThanOrEqual(12);
    expect(segments[0]!.text.endsWith(" Is this spam?")).toBe(true);
    expect(example.ids.length).toBe(1 + tokenizer.encode(segments[0]!.text).ids.length + 1);
    expect(builder.row(record({ label: "spam" })).truncated).toBe(false);
  });

  it("trains every assistant message of a conversation and the token that ends it", () => {
    const messages = [
      { role: "user", content: "free" },
      { role: "assistant", content: "money" },
      { role: "user", content: "lunch" },
      { role: "assistant", content: "report" },
    ];
    const { example } = createRowBuilder({ ...template, chatTemplate }, tokenizer, undefined).row(
      record({ metadata: { content: { messages } } }),
    );
    expect(trainedText(example)).toBe("money<|end|>report<|end|>");
    expect(example.ids.filter((id) => id === tokenizer.specialTokens.bos)).toHaveLength(1);
  });

  it.each([
    ["an unknown label", record({ label: "junk" }), 'label is "junk"'],
    ["no label", record({}), "it has none"],
  ])("refuses %s", (_, given, message) => {
    const builder = createRowBuilder(template, tokenizer, ["ham", "spam"]);
    expect(() => builder.row(given)).toThrow(
      expect.objectContaining({ code: "LABELS_INVALID", message: expect.stringContaining(message) }),
    );
  });

  it("refuses a label without words, and a completion without its place", () => {
    expect(() => createRowBuilder(template, tokenizer, ["ham", "other"]).row(record({ label: "other" }))).toThrow(
      "no words for the label",
    );
    const bad = { ...template, completions: null, completion: "fixed" };
    expect(() => createRowBuilder(bad, tokenizer, ["ham", "spam"]).row(record({ label: "ham" }))).toThrow(
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

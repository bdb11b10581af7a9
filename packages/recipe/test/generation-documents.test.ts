import type { TextRecord, Tokenizer } from "@attune/spec";
import tokenizerPlugins from "@attune/tokenizer-bpe";
import { createChatRenderer, loadTokenizer } from "@attune/tokenizer-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { RecipeConfig } from "../src/config/recipe-config.ts";
import type { EvaluationConfig } from "../src/config/training-config.ts";
import { generationDocuments } from "../src/evaluate/generation-documents.ts";
import { chatTemplate, sharedFolder, writeTinyModel } from "./tiny-model.ts";

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(await writeTinyModel(sharedFolder()), tokenizerPlugins);
});

const evaluation = { task: "generation", maxNewTokens: 4, slots: "none" } as unknown as EvaluationConfig;

function configOf(fields: { longRows?: string; chat?: boolean; maxTokens?: number | null }): RecipeConfig {
  const { longRows = "error", chat = false, maxTokens = null } = fields;
  return {
    template: {
      prompt: "{text} Is this spam?",
      completion: " {completion}",
      completions: null,
      maxTokens,
      chatTemplate: chat ? chatTemplate : null,
    },
    training: { longRows },
    data: { groupBy: "sender" },
  } as unknown as RecipeConfig;
}

const pair = (id: string, prompt: string, completion: string): TextRecord => ({
  id,
  text: `${prompt}\n\n${completion}`,
  source: "test",
  metadata: { content: { prompt, completion }, sender: "joe" },
});

const chat = (id: string, ...messages: [role: string, content: string][]): TextRecord => ({
  id,
  text: "",
  source: "test",
  metadata: { content: { messages: messages.map(([role, content]) => ({ role, content })) } },
});

const judge = (records: TextRecord[], fields: Parameters<typeof configOf>[0] = {}, contextLength = 64) =>
  generationDocuments(records, configOf(fields), evaluation, { tokenizer, model: { contextLength } });

describe("generationDocuments", () => {
  it("gathers the references of one prompt, which is cut as in training", () => {
    const { documents, leftOut } = judge([
      pair("a", "free money", "yes"),
      pair("b", "lunch", "no"),
      pair("c", "free money", "sure"),
    ]);
    expect(leftOut).toBe(0);
    expect(documents).toEqual([
      { id: "a", prompt: "free money Is this spam?", references: [" yes", " sure"], group: "joe" },
      { id: "b", prompt: "lunch Is this spam?", references: [" no"], group: "joe" },
    ]);
    const [cut] = judge([pair("a", "money ".repeat(40), "yes")], { maxTokens: 12 }).documents;
    expect(tokenizer.encode(cut!.prompt).ids.length).toBeLessThanOrEqual(12);
    expect(cut!.prompt).toMatch(/^(money )+.*Is this spam\?$/);
  });

  it("asks for the last turn of a conversation, in the tokens of its template", () => {
    const turns: [string, string][] = [
      ["user", "free"],
      ["assistant", "money"],
      ["user", "lunch"],
      ["assistant", "report place"],
      ["user", "thanks"],
    ];
    const { documents } = judge([chat("a", ...turns)], { chat: true });
    const [{ prompt, references, ids }] = documents as [(typeof documents)[0]];
    expect(references).toEqual(["report place"]);
    const render = createChatRenderer({ tokenizer, template: chatTemplate });
    const asked = turns.slice(0, 3).map(([role, content]) => ({ role, content }));
    expect(prompt).toBe(render(asked, { addGenerationPrompt: true }).text);
    expect([...(ids!.prompt as number[])]).toEqual([...tokenizer.encode(prompt, { parseSpecialTokens: true }).ids]);
    expect(ids!.completions.map((answer) => tokenizer.decode([...(answer as number[])]))).toEqual(["report place"]);
  });

  it("gathers the answers to one conversation", () => {
    const { documents } = judge(
      [chat("a", ["user", "free"], ["assistant", "money"]), chat("b", ["user", "free"], ["assistant", "lunch report"])],
      { chat: true },
    );
    expect(documents).toHaveLength(1);
    expect(documents[0]!.references).toEqual(["money", "lunch report"]);
    expect(documents[0]!.ids!.completions.map((answer) => tokenizer.decode([...(answer as number[])]))).toEqual([
      "money",
      "lunch report",
    ]);
  });

  it("leaves out what does not fit, with a count, or says which record that is", () => {
    const records = [
      pair("short", "free", "yes"),
      pair("long", "money ".repeat(60), "yes"),
      pair("wordy", "free lunch", "no ".repeat(60)),
    ];
    expect(() => judge(records)).toThrow(
      expect.objectContaining({ code: "CONTEXT_EXCEEDED", message: expect.stringContaining('Record "long"') }),
    );
    const { documents, leftOut } = judge(records, { longRows: "drop" });
    expect([documents.map(({ id }) => id), leftOut]).toEqual([["short"], 2]);
    expect(() => judge(records.slice(1), { longRows: "drop" })).toThrow(
      expect.objectContaining({ code: "CONTEXT_EXCEEDED" }),
    );
    // New tokens need room as references do.
    const room = tokenizer.encode("free Is this spam?").ids.length + 4;
    expect(judge(records.slice(0, 1), {}, room + 1).documents).toHaveLength(1);
    expect(() => judge(records.slice(0, 1), {}, room - 1)).toThrow("4 new tokens");
  });

  it("refuses a record without an answer", () => {
    for (const record of [{ id: "x", text: "money", source: "test" }, chat("x", ["user", "free"])]) {
      expect(() => judge([pair("a", "free", "yes"), record], { chat: true })).toThrow(
        expect.objectContaining({ code: "LABELS_INVALID", message: expect.stringContaining('Record "x"') }),
      );
    }
  });
});

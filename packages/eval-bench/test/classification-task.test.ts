import { describe, expect, it } from "vitest";
import {
  type CompletionRow,
  type CompletionScorer,
  createClassificationTask,
  createPromptTemplate,
  type EvaluationModel,
  evaluate,
} from "../src/index.ts";
import { characterTokenizer } from "./character-tokenizer.ts";

const labels = ["ham", "spam"];
const documents = [
  { id: "1", text: "cheap pills {text} $& now", label: "spam", group: "g", list: false },
  { id: "2", text: "meeting at noon", label: "ham", list: true },
  { id: "3", text: "cheap watches", label: "ham" },
];

/** Finds " spam" likely after prompts that hold "cheap", and " ham" otherwise. */
const scoreWords: CompletionScorer = async (rows) =>
  rows.map((row) => {
    if (!("prompt" in row)) throw new Error("expected text");
    const likely = row.prompt.includes("cheap") === (row.completion === " spam");
    return { logprob: likely ? -1 : -3, tokens: 1, greedy: likely };
  });

describe("createClassificationTask", () => {
  const options = {
    id: "mail",
    documents,
    labels,
    completions: { ham: " ham", spam: " spam" },
    prompt: createPromptTemplate("Mail: {text}\nKind:"),
    positive: "spam",
  };

  it("averages what the model says of the pieces of a long text", async () => {
    const asked: string[] = [];
    const score: CompletionScorer = (rows) => {
      for (const row of rows) if ("prompt" in row) asked.push(row.prompt);
      return scoreWords(rows);
    };
    const long = { id: "4", text: "cheap pills meeting at noon", label: "spam" };
    const pieces = { documents: [long, documents[2]!], maxPromptTokens: 24, maxPieces: 2 };
    const task = createClassificationTask({ ...options, ...pieces });
    const { rows } = await evaluate(task, { id: "toy", score, tokenizer: characterTokenizer }, { resamples: 50 });
    expect([...new Set(asked)]).toEqual([
      "Mail: cheap pills \nKind:",
      "Mail: meeting at n\nKind:",
      "Mail: cheap watche\nKind:",
    ]);
    expect(rows[0]).toMatchObject({ logprobs: { ham: -2, spam: -2 }, prediction: "ham", truncated: true });
    expect(rows[1]).toMatchObject({ logprobs: { ham: -3, spam: -1 }, prediction: "spam", truncated: true });
  });

  it("asks for every label of every document, prompt by prompt, and keeps what the model said", async () => {
    const asked: CompletionRow[][] = [];
    const progress: number[] = [];
    const score: CompletionScorer = (rows, { onProgress } = {}) => {
      asked.push([...rows]);
      for (const done of [1, rows.length]) onProgress?.({ stage: "score", done, total: rows.length, unit: "rows" });
      return scoreWords(rows);
    };
    const { rows, result } = await evaluate(
      createClassificationTask(options),
      { id: "toy", score },
      {
        batchSize: 4,
        resamples: 50,
        onProgress: ({ done }) => progress.push(done),
      },
    );
    expect(asked.map((batch) => batch.length)).toEqual([4, 2]);
    expect(progress).toEqual([1, 4, 5, 6]);
    expect(asked[0]![0]).toEqual({ prompt: "Mail: cheap pills {text} $& now\nKind:", completion: " ham" });
    expect(asked[0]![1]).toEqual({ prompt: "Mail: cheap pills {text} $& now\nKind:", completion: " spam" });
    expect(rows[0]).toEqual({
      id: "1",
      label: "spam",
      prediction: "spam",
      logprobs: { ham: -3, spam: -1 },
      group: "g",
      list: false,
    });
    expect(rows.map(({ prediction }) => prediction)).toEqual(["spam", "ham", "spam"]);
    expect(result).toMatchObject({ task: "mail", model: "toy", n: 3, groups: 3 });
    expect(result.scores["accuracy"]!.value).toBeCloseTo(2 / 3, 12);
    expect(result.withoutLists!.n).toBe(1);
  });

  it("cuts long texts where asked, says so, and needs a tokenizer for it", async () => {
    const cut = createClassificationTask({ ...options, maxPromptTokens: 30 });
    const model: EvaluationModel = { id: "toy", score: scoreWords, tokenizer: characterTokenizer };
    const { rows, result } = await evaluate(cut, model, { resamples: 10 });
    expect(rows.map(({ truncated }) => truncated)).toEqual([true, undefined, undefined]);
    expect(result.details["truncated"]).toBe(1);
    await expect(evaluate(cut, { id: "toy", score: scoreWords })).rejects.toThrow("needs the model's tokenizer");
  });

  it("refuses documents it cannot judge before any model runs", () => {
    expect(() => createClassificationTask({ ...options, documents: [] })).toThrow("has no documents");
    expect(() => createClassificationTask({ ...options, documents: [documents[0]!, documents[0]!] })).toThrow(
      'have the id "1"',
    );
    expect(() =>
      createClassificationTask({
        ...options,
        labels: ["spam", "news"],
        completions: { spam: " s", news: " n" },
        positive: "spam",
      }),
    ).toThrow('label "ham"');
  });

  it("refuses answers that are missing or no numbers, and stops when told", async () => {
    const task = createClassificationTask(options);
    const nothing: EvaluationModel = { id: "m", score: async () => [] };
    await expect(evaluate(task, nothing)).rejects.toMatchObject({ code: "INTERNAL" });
    const broken: EvaluationModel = {
      id: "m",
      score: async (rows) => rows.map(() => ({ logprob: Number.NaN, tokens: 1, greedy: false })),
    };
    await expect(evaluate(task, broken)).rejects.toMatchObject({ code: "NUMERICS" });
    await expect(evaluate(task, { id: "m", score: scoreWords }, { signal: AbortSignal.abort() })).rejects.toMatchObject(
      { code: "ABORTED" },
    );
  });
});

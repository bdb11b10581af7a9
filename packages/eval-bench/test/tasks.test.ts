import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CompletionRow, CompletionScorer, EvaluationModel } from "../src/index.ts";
import {
  chooseShots,
  createClassificationTask,
  createGenerationTask,
  createPerplexityTask,
  createPromptTemplate,
  evaluate,
  fitPieces,
  fitPrompt,
  measureForgetting,
  slidingWindows,
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
    const pieces = { documents: [long, documents[2]!], maximumPromptTokens: 24, maximumPieces: 2 };
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
    const cut = createClassificationTask({ ...options, maximumPromptTokens: 30 });
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

describe("createPromptTemplate", () => {
  it("shows shots before the question", () => {
    const prompt = createPromptTemplate("Q: {text}\nA:", { shots: [{ text: "one", completion: " 1" }] });
    expect(prompt.render("two")).toBe("Q: one\nA: 1\n\nQ: two\nA:");
  });
  it("wants one place for the text", () => {
    expect(() => createPromptTemplate("no place")).toThrow("exactly once, received it 0 times");
    expect(() => createPromptTemplate("{text} {text}")).toThrow("received it 2 times");
  });
  it("keeps the longest beginning that fits", () => {
    const prompt = createPromptTemplate("<{text}>");
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 2, max: 30 }), (text, limit) => {
        const fitted = fitPrompt(prompt, text, characterTokenizer, limit);
        expect(fitted.text).toBe(text.slice(0, limit - 2));
        expect(fitted.truncated).toBe(text.length > limit - 2);
        expect(fitted.prompt).toBe(`<${fitted.text}>`);
      }),
    );
    expect(() => fitPrompt(prompt, "x", characterTokenizer, 1)).toThrow(
      "takes 2 tokens before any text, expected at most 1",
    );
  });
});

describe("fitPieces", () => {
  const prompt = createPromptTemplate("<{text}>");
  it("reads a text from its beginning in prompts that fit, leaving out a short rest", () => {
    const pieces = (text: string, maximum: number) =>
      fitPieces(prompt, text, characterTokenizer, 10, maximum).map(({ text: read, truncated }) => [read, truncated]);
    expect(pieces("abcdefgh", 3)).toEqual([["abcdefgh", false]]);
    expect(pieces("abcdefgh ijklmnop qrstuvwx yz", 3)).toEqual([
      ["abcdefgh", false],
      ["ijklmnop", false],
      ["qrstuvwx", true],
    ]);
    expect(pieces("abcdefgh ijk", 3)).toEqual([
      ["abcdefgh", false],
      ["ijk", false],
    ]);
    expect(pieces("abcdefgh i", 3)).toEqual([["abcdefgh", true]]);
    expect(pieces("", 3)).toEqual([["", false]]);
  });
  it("with one piece is fitPrompt", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 3, max: 30 }), (text, limit) => {
        const [piece, ...more] = fitPieces(prompt, text, characterTokenizer, limit, 1);
        const { truncated, ...fitted } = fitPrompt(prompt, text, characterTokenizer, limit);
        expect(more).toEqual([]);
        expect(piece).toMatchObject(fitted);
        expect(piece!.truncated).toBe(truncated && text.slice(fitted.text.length).trim() !== "");
      }),
    );
  });
});

describe("chooseShots", () => {
  const train = Array.from({ length: 20 }, (_, index) => ({
    id: `t${index}`,
    label: labels[index % 2]!,
    group: `g${index}`,
  }));
  it("takes turns between labels, depends on the seed and not on the order of the data", () => {
    const shots = chooseShots(train, [], { labels, count: 5 });
    expect(shots.map(({ label }) => label)).toEqual(["ham", "spam", "ham", "spam", "ham"]);
    expect(chooseShots(train.toReversed(), [], { labels, count: 5 })).toEqual(shots);
    expect(chooseShots(train, [], { labels, count: 4 })).toEqual(shots.slice(0, 4));
    expect(chooseShots(train, [], { labels, count: 5, seed: 9 })).not.toEqual(shots);
  });
  it("never shows what is evaluated", () => {
    expect(() => chooseShots(train, train.slice(0, 20), { labels, count: 1 })).toThrow(
      "is one of the evaluated documents",
    );
    const groups = train.map(({ group }, index) => ({ id: `new${index}`, group }));
    expect(() => chooseShots(train, groups, { labels, count: 1 })).toThrow("shares a group");
    expect(() => chooseShots(train, [], { labels, count: 21 })).toThrow('Label "ham" has too few');
  });
});

describe("slidingWindows", () => {
  it("scores every token once, with as much context as fits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 60 }),
        (tokens, context, stride) => {
          let next = 0;
          for (const { contextStart, start, end } of slidingWindows(tokens, context, stride)) {
            expect(start).toBe(next);
            expect(end).toBeGreaterThan(start);
            expect(end - contextStart).toBeLessThanOrEqual(start === 0 ? context - 1 : context);
            if (start > 0) expect([contextStart < start, end - contextStart]).toEqual([true, context]);
            next = end;
          }
          expect(next).toBe(tokens);
        },
      ),
    );
    expect(slidingWindows(10, 6, 3)).toEqual([
      { contextStart: 0, start: 0, end: 5 },
      { contextStart: 2, start: 5, end: 8 },
      { contextStart: 4, start: 8, end: 10 },
    ]);
  });
});

/** Gives each token log-probability -ln(2) / (1 + context / 8): context helps, so windows matter. */
const scoreIds: CompletionScorer = async (rows) =>
  rows.map((row) => {
    if ("prompt" in row) return { logprob: -row.completion.length, tokens: row.completion.length, greedy: false };
    let logprob = 0;
    for (let index = 0; index < row.completionIds.length; index++)
      logprob -= Math.LN2 / (1 + (row.promptIds.length + index) / 8);
    return { logprob, tokens: row.completionIds.length, greedy: false };
  });

describe("createPerplexityTask", () => {
  const model: EvaluationModel = { id: "toy", score: scoreIds, tokenizer: characterTokenizer, contextLength: 16 };
  const texts = [
    { id: "a", text: "héllo wörld, this is a text", group: "x" },
    { id: "b", text: "short" },
    { id: "c", text: "x".repeat(100) },
  ];

  it("counts bits per UTF-8 byte and nats per token over windows", async () => {
    const asked: CompletionRow[] = [];
    const score: CompletionScorer = (rows) => {
      asked.push(...rows);
      return scoreIds(rows);
    };
    const { rows, result } = await evaluate(
      createPerplexityTask({ id: "general", documents: texts, stride: 4 }),
      { ...model, score },
      { resamples: 100 },
    );
    expect(rows.map(({ tokens, bytes }) => [tokens, bytes])).toEqual([
      [27, 29],
      [5, 5],
      [100, 100],
    ]);
    const direct = (5 * [1, 2, 3, 4, 5].reduce((sum, context) => sum + Math.LN2 / (1 + context / 8), 0)) / 5;
    expect(rows[1]!.logprob).toBeCloseTo(-direct, 12);
    for (const row of asked)
      if (!("prompt" in row)) expect(row.promptIds.length + row.completionIds.length).toBeLessThanOrEqual(16);
    expect(asked.filter((row) => !("prompt" in row) && row.promptIds[0] === 65_536)).toHaveLength(3);
    const nats = rows.reduce((sum, { logprob }) => sum - logprob, 0);
    expect(result.scores["bitsPerByte"]!.n).toBe(134);
    expect(result.scores["bitsPerByte"]!.value).toBeCloseTo(nats / Math.LN2 / 134, 12);
    expect(result.scores["perplexity"]!.value).toBeCloseTo(Math.exp(nats / 132), 12);
  });

  it("gives more context at a smaller stride", async () => {
    const bits = async (stride: number) =>
      (await evaluate(createPerplexityTask({ id: "g", documents: texts, stride }), model, { resamples: 10 })).result
        .scores["bitsPerByte"]!.value;
    expect(await bits(2)).toBeLessThan(await bits(15));
  });

  it("refuses what it cannot score", async () => {
    expect(() => createPerplexityTask({ id: "g", documents: [{ id: "e", text: "" }] })).toThrow(
      "Document e of task g is empty",
    );
    const task = createPerplexityTask({ id: "g", documents: texts, contextLength: 99 });
    await expect(evaluate(task, model)).rejects.toMatchObject({ code: "CONTEXT_EXCEEDED" });
    await expect(evaluate(task, { id: "m", score: scoreIds })).rejects.toThrow("tokenizer that has a BOS or EOS");
    const rising: EvaluationModel = {
      ...model,
      score: async (rows) => rows.map(() => ({ logprob: 1, tokens: 1, greedy: false })),
    };
    await expect(evaluate(createPerplexityTask({ id: "g", documents: texts }), rising)).rejects.toMatchObject({
      code: "NUMERICS",
    });
  });
});

describe("measureForgetting", () => {
  const before = Array.from({ length: 40 }, (_, index) => ({
    id: `${index}`,
    logprob: -100 - index,
    tokens: 50,
    bytes: 200,
  }));
  const after = before.map((row, index) => ({ ...row, logprob: row.logprob - (index % 2 === 0 ? 3 : 1) }));

  it("gives the loss in bits per byte and the ratio of perplexities", () => {
    const {
      difference,
      perplexityRatio,
      before: base,
      after: adapted,
      tokens,
    } = measureForgetting(before, after.toReversed(), { resamples: 500 });
    expect(difference.value).toBeCloseTo(2 / 200 / Math.LN2, 12);
    expect(adapted - base).toBeCloseTo(difference.value, 12);
    expect(perplexityRatio.value).toBeCloseTo(Math.exp(2 / 50), 12);
    expect(difference.low).toBeGreaterThan(1.6 / 200 / Math.LN2);
    expect(difference.high).toBeLessThan(2.4 / 200 / Math.LN2);
    expect(perplexityRatio.low).toBeGreaterThan(1);
    expect(tokens).toBe(2000);
  });
  it("refuses models with other tokens", () => {
    expect(() =>
      measureForgetting(
        before,
        after.map((row) => ({ ...row, tokens: 49 })),
      ),
    ).toThrow("other token or byte counts");
  });
});

describe("createGenerationTask", () => {
  const document = {
    id: "1",
    prompt: "name[The Eagle], food[Thai] ->",
    references: [" The Eagle is Thai.", " Thai food: The Eagle."],
    slots: [
      { slot: "name", value: "The Eagle" },
      { slot: "food", value: "Thai" },
    ],
    group: "eagle",
  };
  const model: EvaluationModel = {
    id: "toy",
    score: scoreIds,
    generate: async (prompts) => prompts.map(() => ({ text: " The eagle serves food.", tokens: 5, finish: "length" })),
  };

  it("measures slots said and bits per byte of the references", async () => {
    const task = createGenerationTask({ id: "e2e", documents: [document, { ...document, id: "2" }], maxNewTokens: 5 });
    const { rows, result } = await evaluate(task, model, { resamples: 20 });
    expect(rows[0]).toMatchObject({
      output: " The eagle serves food.",
      cut: true,
      logprob: -41,
      tokens: 41,
      bytes: 41,
      group: "eagle",
    });
    expect(rows[0]!.slots.map(({ realised }) => realised)).toEqual([true, false]);
    expect(result.scores["slotCoverage"]).toMatchObject({ value: 0.5, n: 4, method: "degenerate" });
    expect(result.scores["referenceBitsPerByte"]!.value).toBeCloseTo(1 / Math.LN2, 12);
    expect(result).toMatchObject({ groups: 1, details: { documents: 2, cut: 2 } });
  });
  it("asks by ids where a document has them, and keeps how many were left out", async () => {
    const asked: unknown[] = [];
    const byIds: EvaluationModel = {
      ...model,
      generate: async (prompts, options) => {
        asked.push(...prompts);
        return model.generate!(prompts, options);
      },
      score: async (rows) => {
        asked.push(...rows);
        return rows.map(() => ({ logprob: -2, tokens: 2, greedy: false }));
      },
    };
    const { slots: _slots, ...bare } = document;
    const ids = { prompt: [5, 6], completions: [[7], [8, 9]] };
    const task = createGenerationTask({ id: "chat", documents: [{ ...bare, ids }], leftOut: 2, maxNewTokens: 5 });
    const { result, rows } = await evaluate(task, byIds, { resamples: 10 });
    expect(asked).toEqual([
      [5, 6],
      { promptIds: [5, 6], completionIds: [7] },
      { promptIds: [5, 6], completionIds: [8, 9] },
    ]);
    expect(rows[0]).toMatchObject({ logprob: -4, tokens: 4, bytes: 41 });
    expect(result.scoring.settings).toEqual({ slots: false, leftOut: 2 });
  });

  it("leaves coverage out without slots and needs references and a generator", async () => {
    const { slots: _slots, ...bare } = document;
    const task = createGenerationTask({ id: "e2e", documents: [bare], maxNewTokens: 5 });
    expect(Object.keys((await evaluate(task, model, { resamples: 10 })).result.scores)).toEqual([
      "referenceBitsPerByte",
    ]);
    await expect(evaluate(task, { id: "m", score: scoreIds })).rejects.toThrow("was given no function for");
    expect(() =>
      createGenerationTask({ id: "e", documents: [{ ...document, references: [] }], maxNewTokens: 1 }),
    ).toThrow("has no reference");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CompletionRow,
  type CompletionScorer,
  createPerplexityTask,
  type EvaluationModel,
  evaluate,
  measureForgetting,
  slidingWindows,
} from "../src/index.ts";
import { characterTokenizer } from "./character-tokenizer.ts";
import { scoreIds } from "./score-ids.ts";

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

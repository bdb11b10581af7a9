import { describe, expect, it } from "vitest";
import { createGenerationTask, type EvaluationModel, evaluate } from "../src/index.ts";
import { scoreIds } from "./score-ids.ts";

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

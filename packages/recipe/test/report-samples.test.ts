import type { Evaluation } from "@attune/eval-bench";
import type { TextRecord } from "@attune/spec";
import { describe, expect, it } from "vitest";
import type { RecipeConfig } from "../src/config/recipe-config.ts";
import { sampleSection } from "../src/report/report-samples.ts";

const config = (examples: number): RecipeConfig =>
  ({ seed: 3, report: { examples, unit: "questions" } }) as unknown as RecipeConfig;

const evaluation = (kind: string, rows: object[]): Evaluation =>
  ({ rows, scoring: { kind }, result: {} }) as unknown as Evaluation;

const sectionOf = (base: Evaluation, adapted: Evaluation, records: TextRecord[], examples = 6) =>
  sampleSection(
    { baselines: new Map(), base, adapted, baseGeneral: undefined, adaptedGeneral: undefined },
    records,
    config(examples),
  );

const record = (id: string, content?: object): TextRecord =>
  ({ id, text: `text of ${id}`, source: "test", ...(content && { metadata: { content } }) }) as TextRecord;

describe("sampleSection", () => {
  it("puts what both models wrote beside what people did", () => {
    const messages = [
      { role: "user", content: "Where?" },
      { role: "assistant", content: "Here." },
      { role: "user", content: "When?" },
      { role: "assistant", content: "Now." },
    ];
    const records = [record("pair", { prompt: "Who?", completion: "Me." }), record("chat", { messages })];
    const base = evaluation("generation", [
      { id: "pair", output: " You. " },
      { id: "chat", output: "At", cut: true },
    ]);
    // The other order: rows are matched by their ids.
    const adapted = evaluation("generation", [
      { id: "chat", output: "Today." },
      { id: "pair", output: "" },
    ]);
    expect(sectionOf(base, adapted, records)).toEqual({
      drawn: "2 of 2 questions, drawn by chance.",
      samples: [
        { id: "pair", text: "Who?", expected: "Me.", before: "You.", after: "" },
        {
          id: "chat",
          text: "user: Where?\nassistant: Here.\nuser: When?",
          expected: "Now.",
          before: "At […]",
          after: "Today.",
        },
      ],
    });
  });

  it("says how well texts were predicted, and draws as many as it is told, the same each time", () => {
    const ids = Array.from({ length: 40 }, (_, index) => `text ${index}`);
    const rows = (bits: number) => ids.map((id) => ({ id, logprob: -bits * 8 * Math.LN2, bytes: 8, tokens: 4 }));
    const [base, adapted] = [evaluation("perplexity", rows(3)), evaluation("perplexity", rows(2.5))];
    const drawn = sectionOf(
      base,
      adapted,
      ids.map((id) => record(id)),
      5,
    )!;
    expect(drawn.drawn).toBe("5 of 40 questions, drawn by chance.");
    expect(drawn.samples).toHaveLength(5);
    for (const { id, ...said } of drawn.samples) {
      expect(said).toEqual({
        text: `text of ${id}`,
        expected: undefined,
        before: "3.000 bits a byte",
        after: "2.500 bits a byte",
      });
    }
    expect(
      sectionOf(
        base,
        adapted,
        ids.map((id) => record(id)),
        5,
      ),
    ).toEqual(drawn);
    expect(drawn.samples.map(({ id }) => id)).not.toEqual(ids.slice(0, 5));
    expect(sectionOf(base, adapted, [], 0)).toBeUndefined();
  });

  it("leaves classifications to what changed", () => {
    const rows = evaluation("classification", [{ id: "a", label: "x", prediction: "x" }]);
    expect(sectionOf(rows, rows, [record("a")])).toBeUndefined();
  });
});

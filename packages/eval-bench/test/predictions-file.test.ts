import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { classificationRow } from "../src/classification/classification-row.ts";
import { createGenerationScoring } from "../src/generation/generation-scoring.ts";
import type { Evaluation } from "../src/index.ts";
import {
  createClassificationScoring,
  createDecision,
  evaluateRows,
  recomputeFromPredictions,
  writeEvaluation,
} from "../src/index.ts";
import { createPerplexityScoring } from "../src/perplexity/perplexity-scoring.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-eval-"));
});
afterAll(() => rm(folder, { recursive: true }));

const labels = ["ham", "spam"];
const decision = createDecision({
  labels,
  completions: { ham: " good", spam: " junk" },
  normalization: "bytes",
  calibration: { scale: 1.7, bias: { spam: -0.3 } },
});
const rows = Array.from({ length: 60 }, (_, index) =>
  classificationRow(
    { id: `${index}`, label: labels[(index >> 1) % 2]!, group: `g${index % 20}`, list: index % 3 === 0 },
    [-1 - (index % 7) / 3, -2 + (index % 5) / 3],
    decision,
  ),
);
const options = { task: "mail", model: "base", seed: 5, resamples: 200, confidence: 0.9 };

const evaluations: Record<string, Evaluation> = {
  classification: evaluateRows(rows, createClassificationScoring(decision, "spam"), options),
  perplexity: evaluateRows(
    [
      { id: "a", logprob: -12.5, tokens: 9, bytes: 31 },
      { id: "b", logprob: -3, tokens: 2, bytes: 8, group: "g" },
    ],
    createPerplexityScoring(),
    options,
  ),
  generation: evaluateRows(
    [
      {
        id: "a",
        output: "x\n\u2028",
        slots: [{ slot: "s", value: "v", realised: true }],
        logprob: -2,
        tokens: 2,
        bytes: 3,
        cut: true,
      },
    ],
    createGenerationScoring({ slots: true, leftOut: 3 }),
    options,
  ),
};

describe("recomputeFromPredictions", () => {
  it.each(Object.keys(evaluations))("finds every number of a %s again", async (name) => {
    const path = join(folder, "eval", `${name}.jsonl`);
    await writeEvaluation(path, evaluations[name]!);
    const again = await recomputeFromPredictions(path);
    expect(again.rows).toEqual(evaluations[name]!.rows);
    expect(again.result).toEqual(evaluations[name]!.result);
    expect(again.result).toEqual(JSON.parse(await readFile(path.slice(0, -1), "utf8")));
  });

  it("notices rows that were changed", async () => {
    const path = join(folder, "changed.jsonl");
    await writeEvaluation(path, evaluations["classification"]!);
    const text = await readFile(path, "utf8");
    const replace = (search: string, replacement: string) => writeFile(path, text.replace(search, replacement));
    await replace('"label":"ham"', '"label":"eggs"');
    await expect(recomputeFromPredictions(path)).rejects.toMatchObject({
      code: "FILE_CORRUPT",
      details: { line: 1, key: "label" },
    });
    await replace('"logprobs":{"ham":-1', '"logprobs":{"ham":-90');
    await expect(recomputeFromPredictions(path)).rejects.toMatchObject({
      code: "FILE_CORRUPT",
      details: { key: "prediction" },
    });
    await writeFile(path, text + text.slice(0, text.indexOf("\n") + 1));
    await expect(recomputeFromPredictions(path)).rejects.toThrow("Line 61 of");
    await writeFile(path, text.slice(0, -10));
    await expect(recomputeFromPredictions(path)).rejects.toMatchObject({ code: "FILE_CORRUPT" });
    await writeFile(path, "");
    await expect(recomputeFromPredictions(path)).rejects.toMatchObject({ code: "DATA_EMPTY" });
  });

  it("refuses results that are none, and kinds nobody reads", async () => {
    const path = join(folder, "odd.jsonl");
    await expect(recomputeFromPredictions(path)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(recomputeFromPredictions("rows.json")).rejects.toThrow("named *.jsonl");
    await writeFile(join(folder, "odd.json"), "[]");
    await expect(recomputeFromPredictions(path)).rejects.toThrow("results of an evaluation");
    const { result } = evaluations["classification"]!;
    await writeFile(
      join(folder, "odd.json"),
      JSON.stringify({ ...result, scoring: { kind: "toString", settings: {} } }),
    );
    await expect(recomputeFromPredictions(path)).rejects.toMatchObject({ code: "ID_UNKNOWN" });
    await writeFile(
      join(folder, "odd.json"),
      JSON.stringify({ ...result, scoring: { kind: "classification", settings: { labels: 3 } } }),
    );
    await expect(recomputeFromPredictions(path)).rejects.toThrow("settings of a classification");
  });

  it("scores rows of a third party's task", async () => {
    const path = join(folder, "own.jsonl");
    const own = { ...createPerplexityScoring(), kind: "own", settings: { unit: "pages" } };
    const evaluation = evaluateRows([{ id: "a", logprob: -1, tokens: 1, bytes: 2 }], own, options);
    await writeEvaluation(path, evaluation);
    expect((await recomputeFromPredictions(path, { own: () => own })).result).toEqual(evaluation.result);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { classificationRow } from "../src/classification/classification-row.ts";
import type { ClassificationRow } from "../src/index.ts";
import {
  compareEvaluations,
  createClassificationScoring,
  createDecision,
  e2eLexicon,
  evaluateRows,
  fitTextBaseline,
  mcnemarTest,
  parseMeaningRepresentation,
  realisedSlots,
} from "../src/index.ts";
import { readFixture } from "./fixture.ts";

const folder = process.env["ATTUNE_TEST_DATA"] ?? "";
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

interface RealData {
  gsm8k: {
    n: number;
    correct: Record<string, number>;
    pairs: {
      first: string;
      second: string;
      onlyFirst: number;
      onlySecond: number;
      pValue: number;
      difference: number;
      low: number;
      high: number;
    }[];
  };
  banking77: { labels: number; terms: number; n: number; accuracy: number; macroF1: number };
}
const golden = readFixture<RealData>("real-data");

/** Rows of a CSV file with quotes, header left out. */
function readCsv(name: string): string[][] {
  const fields = [...read(name).matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r?\n|$)/g)];
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of fields) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end !== ",") rows.push([]);
  }
  return rows.slice(1).filter((row) => row.length > 1);
}

describe.skipIf(folder === "")("real data (needs ATTUNE_TEST_DATA)", () => {
  it("counts and compares GSM8K solutions as published and as scipy does", () => {
    const solutions = read("math/gsm8k_example_model_solutions.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const decision = createDecision({ labels: ["wrong", "right"] });
    const rowsOf = (model: string): ClassificationRow[] =>
      solutions.map((solution, index) =>
        classificationRow(
          { id: `${index}`, label: "right" },
          solution[model].is_correct ? [-2, -1] : [-1, -2],
          decision,
        ),
      );
    const evaluationOf = (model: string) =>
      evaluateRows(
        rowsOf(model),
        {
          ...createClassificationScoring(decision),
          metrics: createClassificationScoring(decision).metrics.slice(0, 1),
        },
        { task: "gsm8k", model },
      );
    const published: Record<string, [number, number]> = {
      "6b_finetuning": [286, 21.68],
      "6b_verification": [515, 39.04],
      "175b_finetuning": [458, 34.72],
      "175b_verification": [742, 56.25],
    };
    for (const [model, [correct, percent]] of Object.entries(published)) {
      const { value, n } = evaluationOf(model).result.scores["accuracy"]!;
      expect([Math.round(value * n), n, golden.gsm8k.correct[model]]).toEqual([correct, 1319, correct]);
      expect(Number((100 * value).toFixed(2))).toBe(percent);
    }
    for (const { first, second, onlyFirst, onlySecond, pValue, difference, low, high } of golden.gsm8k.pairs) {
      const outcomes = [first, second].map((model) => solutions.map((solution) => Number(solution[model].is_correct)));
      expect(mcnemarTest(outcomes[0]!, outcomes[1]!)).toMatchObject({ onlyFirst, onlySecond });
      const [accuracy] = compareEvaluations(evaluationOf(first), evaluationOf(second), { resamples: 10_000 });
      expect(Math.abs(accuracy!.pValue / pValue - 1)).toBeLessThan(1e-9);
      expect(accuracy!.difference).toBeCloseTo(difference, 12);
      expect(Math.abs(accuracy!.low - low)).toBeLessThan(0.002);
      expect(Math.abs(accuracy!.high - high)).toBeLessThan(0.002);
    }
  });

  it("fits the first 20 classes of banking77 as scikit-learn does", () => {
    const whole = readCsv("banking77/train.csv");
    const labels = [...new Set(whole.map(([, label]) => label!))].sort().slice(0, golden.banking77.labels);
    const part = (rows: string[][]) =>
      rows
        .map(([text, label], index) => ({ id: `${index}`, text: text!, label: label! }))
        .filter(({ label }) => labels.includes(label));
    const [train, test] = [part(whole), part(readCsv("banking77/test.csv"))] as const;
    const baseline = fitTextBaseline(train, test.slice(0, 1), { labels, inverseRegularizations: [10] });
    expect(baseline).toMatchObject({ vocabularySize: golden.banking77.terms, converged: true });
    const scoring = createClassificationScoring(createDecision({ labels }));
    const { scores } = evaluateRows(baseline.predict(test), scoring, {
      task: "banking77",
      model: "tfidf",
      resamples: 100,
    }).result;
    expect(scores["accuracy"]!.n).toBe(golden.banking77.n);
    expect(Math.abs(scores["accuracy"]!.value - golden.banking77.accuracy)).toBeLessThan(0.002);
    expect(Math.abs(scores["macroF1"]!.value - golden.banking77.macroF1)).toBeLessThan(0.002);
  });

  it("finds in E2E's human references most of what they should say, and little that they should not", () => {
    const pairs = readCsv("e2e/devset.csv");
    let [found, slots, invented, absent] = [0, 0, 0, 0];
    for (const [index, [meaning, reference]] of pairs.entries()) {
      const own = parseMeaningRepresentation(meaning!);
      found += realisedSlots(reference!, own, e2eLexicon).filter(Boolean).length;
      slots += own.length;
      const other = parseMeaningRepresentation(pairs[(index * 7919 + 13) % pairs.length]![0]!);
      const foreign = other.filter(({ slot }) => !own.some((mine) => mine.slot === slot));
      invented += realisedSlots(reference!, foreign, e2eLexicon).filter(Boolean).length;
      absent += foreign.length;
    }
    expect(pairs).toHaveLength(4672);
    expect(found / slots).toBeGreaterThan(0.91);
    expect(invented / absent).toBeLessThan(0.01);
  });
});

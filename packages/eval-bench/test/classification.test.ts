import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classificationRow } from "../src/classification/classification-row.ts";
import type { ClassificationDetails, ClassificationRow } from "../src/index.ts";
import {
  applyDecision,
  changedExamples,
  compareEvaluations,
  createClassificationScoring,
  createDecision,
  evaluateRows,
  fitBatchCalibration,
  fitCalibration,
  parseClassificationRow,
} from "../src/index.ts";
import { readFixture } from "./fixture.ts";

interface Case {
  labels: string[];
  truth: number[];
  logprobs: number[][];
  expected: {
    accuracy: number;
    macroF1: number;
    weightedF1: number;
    mcc: number;
    ece: number;
    brier: number;
    f1: number;
    precision: number[];
    recall: number[];
    support: number[];
    confusion: number[][];
  };
}

const { cases } = readFixture<{ cases: Case[] }>("classification");

function rowsOf({ labels, truth, logprobs }: Case): {
  rows: ClassificationRow[];
  decision: ReturnType<typeof createDecision>;
} {
  const decision = createDecision({ labels });
  const rows = truth.map((label, index) =>
    classificationRow({ id: `${index}`, label: labels[label]! }, logprobs[index]!, decision),
  );
  return { rows, decision };
}

describe("classification metrics", () => {
  for (const fixture of cases) {
    const { rows, decision } = rowsOf(fixture);
    const positive = fixture.labels.at(-1)!;
    const { result } = evaluateRows(rows, createClassificationScoring(decision, positive), {
      task: "t",
      model: "m",
      resamples: 300,
    });
    const { expected } = fixture;

    it(`agree with scikit-learn for ${fixture.labels.length} classes`, () => {
      for (const id of ["accuracy", "macroF1", "weightedF1", "mcc", "ece", "brier", "f1"] as const) {
        expect(result.scores[id]!.value, id).toBeCloseTo(expected[id], 12);
      }
      expect(result.scores["precision"]!.value).toBeCloseTo(expected.precision.at(-1)!, 12);
      expect(result.scores["recall"]!.value).toBeCloseTo(expected.recall.at(-1)!, 12);
      const details = result.details as unknown as ClassificationDetails;
      expect(details.confusion.counts).toEqual(expected.confusion);
      expect(details.perClass.map(({ support }) => support)).toEqual(expected.support);
      details.perClass.forEach((scores, index) => {
        expect(scores.precision.value).toBeCloseTo(expected.precision[index]!, 12);
        expect(scores.recall.value).toBeCloseTo(expected.recall[index]!, 12);
      });
      expect(details.reliability.reduce((sum, { n }) => sum + n, 0)).toBe(rows.length);
    });

    it(`give n and an interval around the value for ${fixture.labels.length} classes`, () => {
      for (const [id, score] of Object.entries(result.scores)) {
        expect(score.low, id).toBeLessThan(score.value);
        expect(score.high, id).toBeGreaterThan(score.value);
        expect(score.method).toBe(["accuracy", "precision", "recall"].includes(id) ? "wilson" : "bootstrap-bca");
      }
      expect(result.scores["recall"]!.n).toBe(expected.support.at(-1));
      expect(result.scores["accuracy"]!.n).toBe(rows.length);
    });
  }

  it("take division by zero as 0 with n 0, never as a number that is none", () => {
    const decision = createDecision({ labels: ["a", "b"] });
    const rows = ["a", "a"].map((label, index) => classificationRow({ id: `${index}`, label }, [-1, -2], decision));
    const { scores } = evaluateRows(rows, createClassificationScoring(decision, "b"), {
      task: "t",
      model: "m",
      resamples: 50,
    }).result;
    expect(scores["precision"]).toMatchObject({ value: 0, n: 0, low: 0, high: 1 });
    expect(scores["recall"]).toMatchObject({ value: 0, n: 0 });
    expect(scores["f1"]).toMatchObject({ value: 0, method: "degenerate" });
    expect(scores["mcc"]!.value).toBe(0);
    expect(scores["macroF1"]!.value).toBe(1);
  });

  it("widen the interval when rows come in groups, and score mail without lists apart", () => {
    const { rows, decision } = rowsOf(cases[0]!);
    const scoring = createClassificationScoring(decision);
    const copies = rows.flatMap((row) =>
      ["x", "y", "z"].map((suffix) => ({ ...row, id: row.id + suffix, group: row.id, list: suffix !== "x" })),
    );
    const plain = evaluateRows(rows, scoring, { task: "t", model: "m", resamples: 400 }).result;
    const grouped = evaluateRows(copies, scoring, { task: "t", model: "m", resamples: 400 }).result;
    expect([grouped.n, grouped.groups]).toEqual([360, 120]);
    const { accuracy, macroF1 } = grouped.scores;
    expect(accuracy!.high - accuracy!.low).toBeLessThan(plain.scores["accuracy"]!.high - plain.scores["accuracy"]!.low);
    expect(accuracy!.clustered!.effectiveN).toBeCloseTo(119, 9); // 120 groups of copies, less one degree of freedom
    expect(macroF1!.low).toBeCloseTo(plain.scores["macroF1"]!.low, 12); // the same draws of the same groups
    expect(grouped.withoutLists!.n).toBe(120);
    expect(grouped.withoutLists!.scores["accuracy"]!.value).toBe(plain.scores["accuracy"]!.value);
    expect(plain.withoutLists).toBeUndefined();
  });
});

describe("compareEvaluations", () => {
  const { rows, decision } = rowsOf(cases[0]!);
  const scoring = createClassificationScoring(decision, decision.labels[1]!);
  const evaluationOf = (own: ClassificationRow[]) =>
    evaluateRows(own, scoring, { task: "t", model: "m", resamples: 50 });
  const better = rows.map((row, index) =>
    index % 3 === 0
      ? row
      : classificationRow(
          row,
          decision.labels.map((label) => (label === row.label ? -1 : -5)),
          decision,
        ),
  );

  it("tests accuracy by McNemar and the rest by paired bootstrap", () => {
    const comparisons = compareEvaluations(evaluationOf(rows), evaluationOf(better.toReversed()), { resamples: 500 });
    const accuracy = comparisons.find(({ metric }) => metric === "accuracy")!;
    const wrongBefore = rows.filter((row, index) => index % 3 !== 0 && row.label !== row.prediction).length;
    expect(accuracy.difference).toBeCloseTo(wrongBefore / rows.length, 12);
    expect(accuracy).toMatchObject({ test: "mcnemar-exact", verdict: "better" });
    expect(accuracy.pValue / (2 * 0.5 ** wrongBefore)).toBeCloseTo(1, 12);
    const brier = comparisons.find(({ metric }) => metric === "brier")!;
    expect(brier).toMatchObject({ test: "paired-bootstrap", verdict: "better", pValue: 2 / 501 });
    expect(brier.difference).toBeLessThan(0);
    expect(comparisons.find(({ metric }) => metric === "precision")!.test).toBe("paired-bootstrap");
    expect(comparisons.find(({ metric }) => metric === "recall")!.test).toBe("mcnemar-exact");
  });

  it("finds nothing between a model and itself, and the opposite the other way round", () => {
    for (const { difference, verdict, pValue } of compareEvaluations(evaluationOf(rows), evaluationOf(rows), {
      resamples: 50,
    })) {
      expect([difference, verdict, pValue]).toEqual([0, "undecided", 1]);
    }
    const back = compareEvaluations(evaluationOf(better), evaluationOf(rows), { resamples: 200 });
    expect(back.find(({ metric }) => metric === "accuracy")!.verdict).toBe("worse");
    expect(back.find(({ metric }) => metric === "brier")!.verdict).toBe("worse");
  });

  it.each([
    [3, 0.25, "undecided"],
    [5, 0.0625, "undecided"],
    [6, 0.03125, "better"],
  ])("is not surer of %i groups than a coin would let it be", (count, least, verdict) => {
    const grouped = (own: ClassificationRow[]) => own.map((row, index) => ({ ...row, group: `${index % count}` }));
    const comparisons = compareEvaluations(evaluationOf(grouped(rows)), evaluationOf(grouped(better)), {
      resamples: 500,
    });
    for (const metric of ["accuracy", "brier"]) {
      expect(comparisons.find((each) => each.metric === metric)).toMatchObject({ pValue: least, verdict });
    }
  });

  it("refuses rows of other documents", () => {
    const other = rows.map((row, index) => (index === 5 ? { ...row, id: "new" } : row));
    expect(() => compareEvaluations(evaluationOf(rows), evaluationOf(other))).toThrow('none for "5" in the second');
    expect(() => compareEvaluations(evaluationOf(rows), evaluationOf(rows.slice(1)))).toThrow("120 and 119 rows");
  });

  it("lists what changed in either direction", () => {
    const { gained, lost } = changedExamples(rows, better);
    expect(lost).toEqual([]);
    expect(gained.length).toBeGreaterThan(5);
    expect(changedExamples(better, rows).lost.map(({ id }) => id)).toEqual(gained.map(({ id }) => id));
    expect(gained[0]!.after).toBe(gained[0]!.label);
  });
});

describe("createDecision", () => {
  it("normalises by characters and bytes and takes the first label on a tie", () => {
    const completions = { a: "é", b: "xyz" };
    const logprobs = { a: -2, b: -3.5 };
    const scores = (["none", "characters", "bytes"] as const).map(
      (normalization) =>
        classificationRow(
          { id: "1", label: "a" },
          Object.values(logprobs),
          createDecision({ labels: ["a", "b"], completions, normalization }),
        ).prediction,
    );
    expect(scores).toEqual(["a", "b", "a"]); // -2 : -3.5, -2 : -1.167, -1 : -1.167
    expect(
      classificationRow({ id: "1", label: "a" }, [-1, -1], createDecision({ labels: ["b", "a"] })).prediction,
    ).toBe("b");
  });
  it("refuses labels that cannot be told apart", () => {
    expect(() => createDecision({ labels: ["a"] })).toThrow("at least two different labels");
    expect(() => createDecision({ labels: ["a", "a"] })).toThrow("at least two different labels");
    expect(() => createDecision({ labels: ["a", "b"], completions: { a: "x", b: "x" } })).toThrow("its own completion");
    expect(() => createDecision({ labels: ["a", "b"], completions: { a: "x", c: "y" } })).toThrow(
      'completion for label "b"',
    );
    expect(() => createDecision({ labels: ["a", "b"], calibration: { scale: 0, bias: {} } })).toThrow("positive scale");
    expect(() => createClassificationScoring(createDecision({ labels: ["a", "b"] }), "c")).toThrow('"c" is none of');
  });
  it("holds labels that are names of object properties", () => {
    const decision = createDecision({ labels: ["__proto__", "constructor"] });
    const row = classificationRow({ id: "1", label: "__proto__" }, [-1, -3], decision);
    expect(row.prediction).toBe("__proto__");
    expect(parseClassificationRow(JSON.parse(JSON.stringify(row)), decision)).toEqual(row);
  });
});

describe("parseClassificationRow", () => {
  const decision = createDecision({ labels: ["a", "b"] });
  const row = { id: "1", label: "a", prediction: "a", logprobs: { a: -1, b: -2 } };
  it.each([
    [{ ...row, id: 3 }, 'expected "id" to be a text'],
    [{ ...row, label: "c" }, '"label" to be one of ["a","b"]'],
    [{ ...row, prediction: "b" }, '"prediction" to be "a", as the log-probabilities say'],
    [{ ...row, logprobs: { a: -1 } }, '"logprobs.b" to be a number'],
    [{ ...row, logprobs: { a: -1, b: null } }, "received null"],
    [{ ...row, list: "yes" }, '"list" to be true or false'],
    [{ ...row, group: 1 }, '"group" to be a text'],
    [[], "an object"],
    [null, "an object"],
  ])("refuses %j", (value, message) => {
    expect(() => parseClassificationRow(value, decision, { file: "x.jsonl", line: 4 })).toThrow(message);
    expect(() => parseClassificationRow(value, decision, { file: "x.jsonl", line: 4 })).toThrow("x.jsonl:4");
  });
});

describe("calibration", () => {
  const decision = createDecision({ labels: ["a", "b"] });
  const skewed = Array.from({ length: 200 }, (_, index) => {
    const label = index % 4 === 0 ? "a" : "b";
    const evidence = ((index * 37) % 100) / 50 - 1 + (label === "b" ? 1 : -1);
    return classificationRow({ id: `${index}`, label }, [-1, -6 + evidence], decision);
  });
  const accuracy = (rows: ClassificationRow[]): number =>
    rows.filter(({ label, prediction }) => label === prediction).length / rows.length;
  const meanLogLoss = (calibration: { scale: number; bias: Readonly<Record<string, number>> }): number =>
    skewed.reduce((sum, { logprobs, label }) => {
      const [a, b] = ["a", "b"].map((name) =>
        Math.exp(calibration.scale * logprobs[name]! + calibration.bias[name]!),
      ) as [number, number];
      return sum - Math.log((label === "a" ? a : b) / (a + b)) / skewed.length;
    }, 0);

  it("undoes a preference for one word, fitted with labels", () => {
    const calibration = fitCalibration(skewed, decision);
    const calibrated = applyDecision(skewed, createDecision({ labels: ["a", "b"], calibration }));
    expect(accuracy(skewed)).toBe(0.25);
    expect(accuracy(calibrated)).toBeGreaterThan(0.95);
    for (const nudge of [-1, 1]) {
      const moved = {
        scale: calibration.scale,
        bias: { a: calibration.bias["a"]! + nudge, b: calibration.bias["b"]! },
      };
      expect(meanLogLoss(moved)).toBeGreaterThan(meanLogLoss(calibration));
    }
  });
  it("balances labels without labels", () => {
    const calibration = fitBatchCalibration(skewed, decision);
    expect(calibration.bias["b"]! - calibration.bias["a"]!).toBeGreaterThan(4);
    expect(accuracy(applyDecision(skewed, createDecision({ labels: ["a", "b"], calibration })))).toBeGreaterThan(0.8);
  });
  it("is fitted once, on something", () => {
    expect(() => fitCalibration([], decision)).toThrow("needs validation rows");
    expect(() =>
      fitCalibration(skewed, createDecision({ labels: ["a", "b"], calibration: { scale: 2, bias: {} } })),
    ).toThrow("uncalibrated");
  });
});

describe("decisions", () => {
  it("do not depend on a constant added to all log-probabilities", () => {
    const decision = createDecision({ labels: ["a", "b", "c"] });
    const value = fc.integer({ min: -800, max: 0 });
    fc.assert(
      fc.property(fc.tuple(value, value, value), value, (logprobs, shift) => {
        const first = classificationRow({ id: "1", label: "a" }, logprobs, decision);
        const second = classificationRow(
          { id: "1", label: "a" },
          logprobs.map((logprob) => logprob + shift),
          decision,
        );
        return first.prediction === second.prediction;
      }),
    );
  });
});

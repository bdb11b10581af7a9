import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { fitLogisticRegression } from "../src/baselines/logistic-regression.ts";
import { fitTfidf, termExtractor } from "../src/baselines/tfidf.ts";
import {
  createClassificationScoring,
  createDecision,
  evaluateRows,
  fitTextBaseline,
  majorityBaseline,
  textBaselineBytes,
} from "../src/index.ts";
import { createMinimiser, minimise, minimiserBytes } from "../src/statistics/lbfgs.ts";
import { readFixture } from "./fixture.ts";

interface Example {
  text: string;
  label: string;
}
interface Case {
  labels: string[];
  train: Example[];
  test: Example[];
  terms: number;
  firstRow: Record<string, number>;
  fits: { c: number; logProbabilities: number[][]; intercepts: number[] }[];
}

const { cases } = readFixture<{ cases: Case[] }>("text-baseline");
const withIds = (examples: Example[]) => examples.map((example, index) => ({ ...example, id: `${index}` }));

describe.each(cases)(
  "TF-IDF logistic regression with labels $labels",
  ({ labels, train, test, terms, firstRow, fits }) => {
    const vectorizer = fitTfidf(train.map(({ text }) => text));
    const rows = vectorizer.transform(train.map(({ text }) => text));
    const unseen = vectorizer.transform(test.map(({ text }) => text));
    const targets = train.map(({ label }) => labels.indexOf(label));

    it("has scikit-learn's vocabulary and weights", () => {
      expect(vectorizer.terms).toHaveLength(terms);
      const own = Object.fromEntries(
        [...unseen.columns.subarray(0, unseen.starts[1])].map((column, index) => [
          vectorizer.terms[column]!,
          unseen.values[index]!,
        ]),
      );
      expect(Object.keys(own).sort()).toEqual(Object.keys(firstRow).sort());
      for (const [term, weight] of Object.entries(firstRow)) expect(own[term]).toBeCloseTo(weight, 12);
    });

    it("has scikit-learn's probabilities within 1e-5, whatever the start", () => {
      let start: Float64Array | undefined;
      for (const { c, logProbabilities, intercepts } of fits) {
        const options = {
          classes: labels.length,
          inverseRegularization: c,
          tolerance: 1e-9,
          ...(start === undefined ? {} : { start }),
        };
        const fit = fitLogisticRegression(rows, targets, options);
        start = fit.parameters;
        expect(fit.converged).toBe(true);
        const found = fit.logProbabilities(unseen);
        for (const [index, expected] of logProbabilities.flat().entries()) {
          expect(Math.abs(found[index]! - expected)).toBeLessThan(1e-5);
        }
        const outputs = labels.length === 2 ? 1 : labels.length;
        const own = fit.parameters.subarray(terms * outputs);
        const centre = (values: ArrayLike<number>): number =>
          Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
        const shift = outputs === 1 ? 0 : centre(intercepts) - centre(own); // softmax biases are fixed up to a constant
        for (const [index, expected] of intercepts.entries()) {
          expect(Math.abs(own[index]! + shift - expected)).toBeLessThan(1e-5);
        }
      }
    });

    it("chooses C on the validation part and beats the majority", () => {
      const baseline = fitTextBaseline(withIds(train), withIds(test), { labels });
      const scoring = createClassificationScoring(createDecision({ labels }));
      const score = (own: Parameters<typeof evaluateRows>[0]) =>
        evaluateRows(own as never, scoring, { task: "t", model: "m", resamples: 50 }).result.scores["accuracy"]!.value;
      expect([0.1, 1, 10, 100]).toContain(baseline.inverseRegularization);
      expect(baseline).toMatchObject({ converged: true, vocabularySize: terms });
      expect(score(baseline.predict(withIds(test)))).toBeGreaterThan(
        score(majorityBaseline(train, withIds(test), labels)),
      );
      expect(fitTextBaseline(withIds(train), withIds(test), { labels }).predict(withIds(test))).toEqual(
        baseline.predict(withIds(test)),
      );
    });
  },
);

describe("baselines", () => {
  const extractTerms = (text: string) => termExtractor([text])(text);
  it("split words as the reference does", () => {
    expect(extractTerms("A Tomato_vine, 12 cafés!")).toEqual([
      "tomato_vine",
      "12",
      "cafés",
      "tomato_vine 12",
      "12 cafés",
    ]);
    expect(extractTerms("a . b")).toEqual([]);
  });
  it("take single characters for words where no spaces part them, and leave vowels that are marks in theirs", () => {
    expect(termExtractor(["one text of many", "我的"])("我的卡")).toEqual(["我", "的", "卡", "我 的", "的 卡"]);
    expect(termExtractor(["one text of a great many", "我的"])("我的卡 now")).toEqual(["我的卡", "now", "我的卡 now"]);
    expect(extractTerms("我的VISA卡, 7")).toEqual(["我", "的", "visa", "卡", "我 的", "的 visa", "visa 卡"]);
    expect(extractTerms("मेरे बिल")).toEqual(["मेरे", "बिल", "मेरे बिल"]);
    const of = (label: string, texts: readonly string[]) =>
      texts.map((text) => ({ id: text, text, label, group: text }));
    const train = [
      ...of("bill", ["发票有问题请退款给我", "我的发票没有收到", "为什么发票是错的呢"]),
      ...of("parcel", ["包裹还没有到请查", "我的包裹在哪里啊", "为什么包裹退回去了"]),
    ];
    const baseline = fitTextBaseline(train, train, { labels: ["bill", "parcel"] });
    const unseen = [...of("bill", ["需要一张新发票"]), ...of("parcel", ["今天能收到包裹吗"])];
    expect(baseline.predict(unseen).map(({ prediction }) => prediction)).toEqual(["bill", "parcel"]);
  });
  it("refuse texts that share no word, also before anything is fitted", () => {
    const texts = ["one two", "three four"];
    for (const use of [() => fitTfidf(texts), () => textBaselineBytes(texts, 2)]) {
      expect(use).toThrow(/No term occurs in 2 of 2 training texts/);
    }
  });
  it("say what fitting them holds: a vector of a search has one number for each shared term and class", () => {
    const texts = Array.from({ length: 50 }, (_, index) => `word${index} word${index + 1} word${index + 2}`);
    const parameters = fitTfidf(texts).terms.length + 1;
    expect(parameters).toBeGreaterThan(90);
    const vectors = minimiserBytes(1) / 8 + 3;
    expect(textBaselineBytes(texts, 77) - textBaselineBytes(texts, 2)).toBe(76 * parameters * vectors * 8);
  });
  it("say the most frequent training label with its share", () => {
    const train = ["a", "b", "b"].map((label) => ({ label }));
    const [row] = majorityBaseline(train, [{ id: "1", text: "", label: "a", group: "g", list: true }], ["a", "b"]);
    expect(row).toMatchObject({ id: "1", label: "a", prediction: "b", group: "g", list: true });
    expect(Math.exp(row!.logprobs["b"]!)).toBeCloseTo(3 / 5, 12);
  });
  it("refuse parts that say nothing", () => {
    const document = { id: "1", text: "some words here", label: "a" };
    expect(() => majorityBaseline([], [document], ["a", "b"])).toThrow("received none");
    expect(() => fitTextBaseline([document], [], { labels: ["a", "b"] })).toThrow("received 1 and 0");
    expect(() => fitTextBaseline([document], [document], { labels: ["a", "b"] })).toThrow("No term occurs in 2 of 1");
    expect(() =>
      fitTextBaseline([document], [{ ...document, label: "c" }], { labels: ["a", "b"], minDocuments: 1 }),
    ).toThrow('label "c"');
    expect(() => fitTextBaseline([document], [document], { labels: ["a", "b"], inverseRegularizations: [0] })).toThrow(
      "positive values of C",
    );
  });
});

describe("minimise", () => {
  it("finds the minimum of an ill-conditioned quadratic", () => {
    const scales = [1, 10, 100, 1000, 10_000];
    const found = minimise(
      (point, gradient) => {
        let value = 0;
        scales.forEach((scale, index) => {
          const distance = point[index]! - index;
          value += (scale * distance * distance) / 2;
          gradient[index] = scale * distance;
        });
        return value;
      },
      new Float64Array(5),
      { tolerance: 1e-9 },
    );
    expect(found.converged).toBe(true);
    for (const [index, coordinate] of found.point.entries()) expect(coordinate).toBeCloseTo(index, 9);
  });
  it("finds the same after another search in the same buffers", () => {
    const bowl =
      (centre: number) =>
      (point: Float64Array, gradient: Float64Array): number => {
        for (const [index, coordinate] of point.entries()) gradient[index] = (index + 1) * (coordinate - centre);
        return point.reduce((sum, coordinate, index) => sum + ((index + 1) * (coordinate - centre) ** 2) / 2, 0);
      };
    const search = createMinimiser(8);
    const first = search(bowl(3), new Float64Array(8));
    search(bowl(-7), new Float64Array(8));
    expect(search(bowl(3), new Float64Array(8))).toEqual(first);
    expect(first.point).toEqual(minimise(bowl(3), new Float64Array(8)).point);
  });

  it("holds the bytes that it says", () => {
    // In a process of its own: what earlier tests left is freed whenever the collector gets to it.
    const module = new URL("../src/statistics/lbfgs.ts", import.meta.url).href;
    const script = `import { createMinimiser, minimiserBytes } from ${JSON.stringify(module)};
      const before = process.memoryUsage().arrayBuffers;
      const search = createMinimiser(1_000_000);
      console.log(JSON.stringify([process.memoryUsage().arrayBuffers - before, minimiserBytes(1_000_000), typeof search]));`;
    const { stdout } = spawnSync(
      process.execPath,
      ["--conditions=@attune/source", "--input-type=module", "--eval", script],
      { encoding: "utf8" },
    );
    const [made, said] = JSON.parse(stdout) as [number, number];
    expect(Math.abs(made - said)).toBeLessThan(4_000_000);
  });
  it("says when it did not converge", () => {
    const steep = minimise(
      (point, gradient) => {
        gradient[0] = 4 * (point[0]! - 3) ** 3;
        return (point[0]! - 3) ** 4;
      },
      new Float64Array(1),
      { maxIterations: 3, tolerance: 1e-12 },
    );
    expect(steep).toMatchObject({ converged: false, iterations: 3 });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BootstrapDistribution } from "../src/statistics/bootstrap.ts";
import { bcaInterval, bootstrap, bootstrapPValue, percentileInterval, quantile } from "../src/statistics/bootstrap.ts";
import { holmCorrection } from "../src/statistics/holm-correction.ts";
import { exactBinomialPValue, mcnemarTest } from "../src/statistics/mcnemar-test.ts";
import { normalCdf, normalQuantile } from "../src/statistics/normal-distribution.ts";
import { createRandom, hashText } from "../src/statistics/random.ts";
import { effectiveSampleSize, wilsonInterval } from "../src/statistics/wilson-interval.ts";
import { readFixture } from "./fixture.ts";

interface Statistics {
  normal: { x: number; cdf: number }[];
  quantile: { p: number; x: number }[];
  wilson: { k: number; n: number; confidence: number; low: number; high: number }[];
  mcnemar: { b: number; c: number; p: number }[];
  bootstrap: {
    data: number[];
    bca: { confidence: number; low: number; high: number; replicates: number[] }[];
    large: { low: number; high: number };
  };
}

const golden = readFixture<Statistics>("statistics");
const relative = (actual: number, expected: number): number =>
  Math.abs(actual - expected) / Math.max(1e-300, Math.abs(expected));

describe("normal distribution", () => {
  it("agrees with scipy in the centre and far out", () => {
    for (const { x, cdf } of golden.normal) expect(relative(normalCdf(x), cdf), `cdf ${x}`).toBeLessThan(1e-12);
    for (const { p, x } of golden.quantile) expect(Math.abs(normalQuantile(p) - x), `quantile ${p}`).toBeLessThan(1e-9);
  });
  it("is its own inverse, and knows its ends", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }),
        (p) => relative(normalCdf(normalQuantile(p)), p) < 1e-12,
      ),
    );
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(-1)]).toEqual([-Infinity, Infinity, Number.NaN]);
    expect([normalCdf(-Infinity), normalCdf(0), normalCdf(Infinity), normalCdf(Number.NaN)]).toEqual([
      0,
      0.5,
      1,
      Number.NaN,
    ]);
  });
});

describe("wilsonInterval", () => {
  it("agrees with scipy", () => {
    for (const { k, n, confidence, low, high } of golden.wilson) {
      const interval = wilsonInterval(k, n, confidence);
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    }
  });
  it("says nothing without observations and refuses nonsense", () => {
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
    expect(() => wilsonInterval(3, 2)).toThrow("received 3 successes of 2");
    expect(() => wilsonInterval(1, 2, 1)).toThrow("confidence must lie between 0 and 1");
  });
});

describe("effectiveSampleSize", () => {
  it("counts clusters where their rows agree, and rows where clusters do not matter", () => {
    const clusters = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3];
    const copies = clusters.map((cluster) => cluster % 2);
    // Four clusters of copies: variance of the mean 4/3 * 4 * (4 * 0.5)^2 / 16^2 = 1/12, binomial 1/64, so n = 16 * 12 / 64.
    expect(effectiveSampleSize(copies, clusters)).toBeCloseTo(3, 12);
    expect(effectiveSampleSize([0, 1, 1, 0, 1], [0, 1, 2, 3, 4])).toBeCloseTo(4, 12);
    expect(
      effectiveSampleSize(
        clusters.map(() => 1),
        clusters,
      ),
    ).toBe(4);
    expect(effectiveSampleSize([1, 0], [0, 0])).toBe(1);
  });
});

describe("mcnemarTest", () => {
  it("agrees with scipy's exact binomial test", () => {
    for (const { b, c, p } of golden.mcnemar) {
      expect(relative(exactBinomialPValue(b, c), p), `${b}, ${c}`).toBeLessThan(1e-10);
      expect(exactBinomialPValue(c, b)).toBe(exactBinomialPValue(b, c));
    }
  });
  it("counts only rows on which the models differ", () => {
    expect(mcnemarTest([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])).toEqual({ onlyFirst: 2, onlySecond: 1, pValue: 1 });
    expect(() => mcnemarTest([1], [1, 0])).toThrow("received 1 and 2");
  });
});

describe("holmCorrection", () => {
  it("multiplies step by step and never decreases", () => {
    expect(holmCorrection([0.04, 0.01, 0.03, 0.02]).map((p) => Number(p.toFixed(12)))).toEqual([
      0.06, 0.04, 0.06, 0.06,
    ]);
    expect(holmCorrection([0.9, 0.4])).toEqual([0.9, 0.8]);
  });
});

describe("bootstrap", () => {
  const { data, bca, large } = golden.bootstrap;
  const mean = (weights: Float64Array): number => {
    let [sum, total] = [0, 0];
    for (const [row, weight] of weights.entries()) {
      sum += weight * data[row]!;
      total += weight;
    }
    return sum / total;
  };
  const [own] = bootstrap(data.length, [mean], { resamples: 4000 }) as [BootstrapDistribution];

  it("gives scipy's BCa interval for scipy's draws", () => {
    for (const { confidence, low, high, replicates } of bca) {
      const interval = bcaInterval({ ...own, replicates: Float64Array.from(replicates) }, confidence)!;
      expect(relative(interval.low, low)).toBeLessThan(1e-9);
      expect(relative(interval.high, high)).toBeLessThan(1e-9);
    }
  });
  it("comes near scipy's interval with its own draws", () => {
    const interval = bcaInterval(own)!;
    expect(Math.abs(interval.low - large.low)).toBeLessThan(0.03);
    expect(Math.abs(interval.high - large.high)).toBeLessThan(0.08);
    const percentile = percentileInterval(own);
    expect(percentile.high).toBeLessThan(interval.high); // a skewed mean: BCa moves right
  });
  it("repeats itself for one seed and differs for another", () => {
    const draw = (seed: number): number[] => [
      ...bootstrap(data.length, [mean], { resamples: 50, seed })[0]!.replicates,
    ];
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
  it("draws whole clusters", () => {
    const clusters = Uint32Array.from([0, 0, 1, 2, 2, 2]);
    const seen: Float64Array[] = [];
    bootstrap(6, [(weights) => seen.push(weights.slice())], { resamples: 40, clusters });
    for (const weights of seen) {
      expect(weights[0]).toBe(weights[1]);
      expect([weights[4], weights[5]]).toEqual([weights[3], weights[3]]);
    }
    for (const weights of seen.slice(1, 41)) expect(weights[0]! + weights[2]! + weights[3]!).toBe(3);
    expect(seen.slice(41)).toHaveLength(3);
  });
  it("has no BCa interval where nothing varies", () => {
    const [constant] = bootstrap(5, [() => 1], { resamples: 10 });
    expect(bcaInterval(constant!)).toBeUndefined();
    expect(percentileInterval(constant!)).toEqual({ low: 1, high: 1 });
  });
  it("never claims a p-value of zero", () => {
    expect(bootstrapPValue(Float64Array.from([1, 2, 3]))).toBe(0.5);
    expect(bootstrapPValue(Float64Array.from([-1, 0, 1]))).toBe(1);
  });
  it("interpolates quantiles and refuses empty input", () => {
    expect(quantile(Float64Array.from([1, 2, 4]), 0.75)).toBe(3);
    expect(() => bootstrap(0, [])).toThrow("at least one row");
    expect(() => bootstrap(2, [], { clusters: Uint32Array.of(0) })).toThrow("a cluster for each of 2 rows, received 1");
    expect(() => bootstrap(2, [], { resamples: 0 })).toThrow("resamples must be an integer of at least 1, received 0");
  });
});

describe("createRandom", () => {
  it("is uniform below any bound, and the same everywhere", () => {
    const random = createRandom(42);
    const counts = new Array<number>(7).fill(0);
    for (let draw = 0; draw < 70_000; draw++) counts[random.below(7)]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(22.5); // 0.999 quantile of six degrees of freedom
    const fixed = createRandom(1);
    expect(Array.from({ length: 5 }, () => fixed.below(1000))).toMatchInlineSnapshot(`
      [
        704,
        286,
        607,
        69,
        87,
      ]
    `);
    expect(createRandom(1).below(2 ** 32)).not.toBe(createRandom(1 + 2 ** 32).below(2 ** 32));
  });
  it("hashes texts apart", () => {
    const keys = Array.from({ length: 5000 }, (_, index) => hashText(`mail-${index}`, 0));
    expect(new Set(keys).size).toBeGreaterThan(4990);
    expect(hashText("a", 1)).not.toBe(hashText("a", 2));
  });
});

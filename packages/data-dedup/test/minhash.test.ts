import { describe, expect, it } from "vitest";
import {
  bandCrossover,
  candidateProbability,
  createMinHasher,
  findDuplicates,
  jaccard,
  shingleHashes,
} from "../src/index.ts";
import { words } from "./helpers.ts";

describe("bands", () => {
  it("give the published probabilities and crossovers", () => {
    expect(candidateProbability(0.8, { bands: 14, rows: 8 })).toBeCloseTo(0.924, 3);
    expect(candidateProbability(0.8, { bands: 20, rows: 13 })).toBeCloseTo(0.68, 2);
    const crossovers = [
      [14, 8],
      [20, 13],
      [24, 10],
      [50, 4],
      [25, 10],
      [5, 25],
      [450, 20],
    ].map(([bands, rows]) => bandCrossover({ bands: bands!, rows: rows! }));
    expect(crossovers.map((value) => Number(value.toFixed(2)))).toEqual([0.72, 0.79, 0.73, 0.38, 0.72, 0.94, 0.74]);
  });

  it.each([0.5, 0.7, 0.8, 0.9])(
    "make candidates of sets of similarity %f as often as the formula says",
    (similarity) => {
      const options = { bands: 14, rows: 8 };
      const [pairs, size] = [1000, 120];
      // |A ∩ B| = shared, |A ∪ B| = size: both sets get the shared part and half of the rest each.
      const shared = Math.round(similarity * size);
      let state = 7;
      const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
      let hits = 0;
      for (let pair = 0; pair < pairs; pair++) {
        const hasher = createMinHasher(options, pair);
        const union = Uint32Array.from({ length: size }, random);
        const keysOf = (set: Uint32Array) => hasher.bandKeys(set).map((key) => `${key.high} ${key.low}`);
        const rest = (size - shared) >> 1;
        const first = keysOf(union.slice(0, shared + rest));
        const second = keysOf(Uint32Array.of(...union.slice(0, shared), ...union.slice(shared + rest)));
        if (first.some((key, band) => key === second[band])) hits += 1;
      }
      const expected = candidateProbability(shared / size, options);
      const deviation = Math.sqrt((expected * (1 - expected)) / pairs);
      expect(Math.abs(hits / pairs - expected)).toBeLessThan(4 * deviation + 1e-9);
    },
  );
});

describe("shingleHashes", () => {
  const word5 = { unit: "auto", size: 5 } as const;
  it("are the same for texts that differ in case, accents, numbers, punctuation and white space", () => {
    expect(shingleHashes("Pay 100 $ now, José!  At once, please.", word5)).toEqual(
      shingleHashes("pay 7 now jose at\nonce PLEASE", word5),
    );
    expect(shingleHashes("one two three four five six", word5).length).toBe(2);
    expect(shingleHashes("one two", word5).length).toBe(1);
    expect(shingleHashes("...", word5).length).toBe(0);
    expect(shingleHashes("a b c d e a b c d e a b c d e", word5).length).toBe(5);
  });
  it("are made of characters for scripts without spaces", () => {
    expect(shingleHashes("今天天气很好我们去公园", word5).length).toBe(7);
    expect(shingleHashes("abcdefg hij", { unit: "character", size: 5 }).length).toBe(6);
    expect(shingleHashes("abcdefg hij", word5).length).toBe(1);
  });
});

describe("jaccard", () => {
  it("is the size of the intersection over that of the union", () => {
    const set = (...values: number[]) => Uint32Array.of(...values);
    expect([
      jaccard(set(1, 2, 3), set(2, 3, 4)),
      jaccard(set(1), set(1)),
      jaccard(set(1), set(2)),
      jaccard(set(), set()),
    ]).toEqual([0.5, 1, 0, 0]);
  });
});

describe("findDuplicates", () => {
  it("finds exact and near duplicates across any order, and tells similar from different texts", async () => {
    const base = words(1, 100);
    const edited = [...base.slice(0, 50), "edited", ...base.slice(51)].join(" ");
    const half = [...base.slice(0, 60), ...words(2, 40)].join(" ");
    const texts = [base.join(" "), words(3, 80).join(" "), edited, half, `${base.join("  ").toUpperCase()} `, "", " "];
    expect(await findDuplicates(texts)).toEqual([
      [0, 2, 4],
      [5, 6],
    ]);
    expect(await findDuplicates(texts, { near: false })).toEqual([
      [0, 4],
      [5, 6],
    ]);
    expect(await findDuplicates(texts, { threshold: 0.3, bands: 50, rows: 2 })).toEqual([
      [0, 2, 3, 4],
      [5, 6],
    ]);
    // One word of a hundred touches five of the 96 shingles: 91 / 101.
    expect(await findDuplicates(texts, { threshold: 91 / 101 })).toEqual([
      [0, 2, 4],
      [5, 6],
    ]);
    expect(await findDuplicates(texts, { threshold: 91 / 101 + 1e-9 })).toEqual([
      [0, 4],
      [5, 6],
    ]);
  });
});

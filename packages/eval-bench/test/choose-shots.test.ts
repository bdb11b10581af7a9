import { describe, expect, it } from "vitest";
import { chooseShots } from "../src/index.ts";

const labels = ["ham", "spam"];

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

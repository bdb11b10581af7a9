import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createEntrySorter,
  createHashIndex,
  createUnionFind,
  hashText,
  hashToHex,
  normaliseText,
} from "../src/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-spill-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("createEntrySorter", () => {
  it.each([
    ["in memory", 2 ** 22, 3000],
    ["through sorted runs on disk", 2 ** 14, 20_000],
  ])("groups equal keys in the order of their values, %s", async (name, memoryBudget, count) => {
    const sorter = createEntrySorter({ folder, name, memoryBudget });
    const expected = new Map<string, number[]>();
    for (let value = 0; value < count; value++) {
      // Keys that differ in the upper or the lower half only, some once, one very often.
      const key = { high: value % 7 === 0 ? 5 : (value * 2_654_435_761) >>> 20, low: value % 7 === 0 ? 0 : value % 3 };
      const name = `${String(key.high).padStart(10)} ${key.low}`;
      expected.set(name, [...(expected.get(name) ?? []), value]);
      await sorter.add(key, value);
    }
    const groups: number[][] = [];
    await sorter.forEachGroup((values) => groups.push([...values]));
    const wanted = [...expected].filter(([, values]) => values.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));
    expect(groups).toEqual(wanted.map(([, values]) => values));
    expect(sorter.size).toBe(count);
  });
});

describe("createHashIndex", () => {
  it("behaves like a map through many doublings", () => {
    const index = createHashIndex(4);
    const map = new Map<string, number>();
    for (let value = 0; value < 5000; value++) {
      const hash = hashText(String((value * 7) % 3000));
      expect(index.getOrAdd(hash, value)).toBe(map.get(hashToHex(hash)));
      if (!map.has(hashToHex(hash))) map.set(hashToHex(hash), value);
    }
    expect(index.size).toBe(3000);
  });
});

describe("createUnionFind", () => {
  it("finds the smallest member of each component, in whatever order sets are joined", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 30 }), (edges) => {
        const sets = createUnionFind();
        const component = Array.from({ length: 20 }, () => sets.add());
        for (const [a, b] of edges) {
          const joined = sets.union(a, b);
          const [from, to] = [component[a]!, component[b]!];
          expect(joined).toBe(from !== to);
          for (const [member, set] of component.entries())
            if (set === Math.max(from, to)) component[member] = Math.min(from, to);
        }
        expect(component.map((_, member) => sets.find(member))).toEqual(component);
      }),
    );
  });
});

describe("text hashes", () => {
  it("are the first bytes of SHA-256, and normalisation is what it says", () => {
    expect(hashToHex(hashText("abc"))).toBe("ba7816bf8f01cfea");
    expect(normaliseText("  A  b\n", "none")).toBe("  A  b\n");
    expect(normaliseText("  A  b\n", "trim-lowercase")).toBe("a  b");
    expect(normaliseText("  A  b\n", "fold-space")).toBe("a b");
    expect(normaliseText("Ünï-code, 42!", "alphanumeric")).toBe("ünï code 42");
  });
});

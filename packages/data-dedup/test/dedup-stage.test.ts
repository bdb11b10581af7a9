import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, recordsSource, runDataStage } from "@attune/data-core";
import type { TextRecord } from "@attune/spec";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import plugin, { dedupStage } from "../src/index.ts";
import { words } from "./helpers.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-dedup-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(records: readonly TextRecord[], options: object = {}, memoryBudget = 2 ** 24) {
  const { manifest, source } = await runDataStage({
    stage: dedupStage,
    options,
    source: recordsSource(records, "r"),
    output: folder,
    memoryBudget,
  });
  const rules = Object.fromEntries(manifest.rules.map(({ rule, action, count }) => [`${action} ${rule}`, count]));
  return { kept: await collect(source.open()), rules, report: manifest.report["dedup"], manifest };
}
const record = (id: string, text: string, rest: Partial<TextRecord> = {}): TextRecord => ({
  id,
  text,
  source: "s",
  ...rest,
});

describe("dedupStage", () => {
  const base = words(1, 100);
  const near = [...base.slice(0, 99), "changed", "and", "longer"].join(" ");
  const records = [
    record("a", base.join(" "), { metadata: { quality: 1 } }),
    record("b", words(2).join(" "), { metadata: { quality: 0 } }),
    record("c", near, { metadata: { quality: 5 } }),
    record("d", ` ${base.join("  ")}`, { metadata: { quality: 2 } }),
  ];

  it.each([
    ["first", {}, "a", { "dropped near-duplicate": 1, "dropped exact-duplicate": 1 }],
    ["longest", {}, "c", { "dropped near-duplicate": 1, "dropped exact-duplicate": 1 }],
    ["best", { quality: "quality" }, "c", { "dropped near-duplicate": 1, "dropped exact-duplicate": 1 }],
  ])("keeps the %s of each set and gives it the cluster's id", async (keeper, options, id, rules) => {
    const result = await run(records, { keeper, ...options });
    expect(result.kept.map((each) => each.id).sort()).toEqual(["b", id].sort());
    expect(result.kept.find((each) => each.id === id)?.metadata?.["cluster"]).toMatch(/^[0-9a-f]{16}$/);
    expect(result.kept.find((each) => each.id === "b")).toEqual(records[1]);
    expect([result.rules, result.report]).toEqual([
      rules,
      { clusters: 1, clustered: 3, largest: 3, comparisons: 1, skippedComparisons: 0 },
    ]);
  });

  it("names clusters the same whatever the order of the records", async () => {
    const clusterOf = async (list: readonly TextRecord[]) =>
      (await run(list, { action: "mark" })).kept.find((each) => each.id === "c")?.metadata?.["cluster"];
    expect(await clusterOf(records.toReversed())).toBe(await clusterOf(records));
  });

  it("marks instead of dropping, and clusters from a lower similarity than it drops", async () => {
    const loose = record("e", [...base.slice(0, 75), ...words(9, 25)].join(" "));
    const result = await run([...records, loose], { action: "mark", clusterThreshold: 0.5, bands: 40, rows: 3 });
    expect(
      result.kept.map(({ id, metadata }) => [
        id,
        metadata?.["cluster"] !== undefined,
        metadata?.["duplicate"] ?? false,
      ]),
    ).toEqual([
      ["a", true, false],
      ["b", false, false],
      ["c", true, true],
      ["d", true, true],
      ["e", true, false],
    ]);
    expect(new Set(result.kept.filter((each) => each.id !== "b").map((each) => each.metadata?.["cluster"])).size).toBe(
      1,
    );
  });

  it("reports duplicates with different labels, or drops them all", async () => {
    const labelled = records.map((each, index) => ({ ...each, label: index === 3 ? "spam" : "ham" }));
    expect((await run(labelled)).rules).toEqual({
      "flagged label-conflict": 3,
      "dropped near-duplicate": 1,
      "dropped exact-duplicate": 1,
    });
    const strict = await run(labelled, { labelConflicts: "drop" });
    expect([strict.kept.map((each) => each.id), strict.rules]).toEqual([["b"], { "dropped label-conflict": 3 }]);
  });

  it("gives the same result in a few kilobytes as in memory", async () => {
    const many = Array.from({ length: 1500 }, (_, index) =>
      record(`r${index}`, [...words(index % 500, 60), index >= 500 && index % 3 === 0 ? "x" : ""].join(" ")),
    );
    const wide = await run(many);
    const narrow = await run(many, { seed: 1 }, 2 ** 15);
    expect(narrow.kept).toEqual(wide.kept);
    expect([wide.kept.length, wide.manifest.output.hash]).toEqual([500, narrow.manifest.output.hash]);
  });

  it("bounds the work on a bucket of texts that are alike but no duplicates, and says so", async () => {
    // All share sixty shingles of about a hundred: candidates by few rows, duplicates for nobody.
    const shared = words(1, 64);
    const many = Array.from({ length: 60 }, (_, index) =>
      record(`r${index}`, [...shared, ...words(100 + index, 40)].join(" ")),
    );
    const result = await run(many, { bands: 30, rows: 1, maxComparisons: 5 });
    expect(result.kept).toHaveLength(60);
    expect((result.report as { skippedComparisons: number }).skippedComparisons).toBeGreaterThan(100);
  });

  it("refuses options that do not fit", async () => {
    expect(() => dedupStage.parse({ threshold: 0.7, clusterThreshold: 0.8 })).toThrow(/at most the threshold 0\.7/);
    expect(() => dedupStage.parse({ keeper: "best" })).toThrow(/"quality"/);
    await expect(run(records.slice(1, 2), { keeper: "best", quality: "score" })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { key: "score" },
    });
    expect(plugin).toEqual([dedupStage]);
  });
});

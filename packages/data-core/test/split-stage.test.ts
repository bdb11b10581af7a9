import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject, TextRecord } from "@attune/spec";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  collect,
  createLeakCheck,
  exportSplits,
  recordsSource,
  runDataStage,
  type SplitReport,
  splitStage,
} from "../src/index.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-split-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = (count: number, label: (index: number) => string, metadata: (index: number) => JsonObject): TextRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    text: `text ${index}`,
    source: "s",
    label: label(index),
    metadata: metadata(index),
  }));

async function split(records: readonly TextRecord[], options: object = {}) {
  const result = await runDataStage({
    stage: splitStage,
    options,
    source: recordsSource(records, "r"),
    output: folder,
  });
  const out = await collect(result.source.open());
  return {
    report: result.manifest.report["split"] as unknown as SplitReport,
    partOf: new Map(out.map((each) => [each.id, each.metadata?.["split"]])),
    out,
  };
}

describe("splitStage", () => {
  it("is stratified, keeps order and other fields, and is the same for the same seed", async () => {
    const records = make(
      1000,
      (index) => (index % 4 === 0 ? "spam" : "ham"),
      (index) => ({ n: index }),
    );
    const first = await split(records, { test: 0.2 });
    expect(first.report.sizes).toEqual({ train: 700, validation: 100, test: 200 });
    expect(first.report.perClass).toEqual({
      train: { spam: 175, ham: 525 },
      validation: { spam: 25, ham: 75 },
      test: { spam: 50, ham: 150 },
    });
    expect(first.out.map(({ metadata, ...rest }) => ({ ...rest, metadata: { n: metadata!["n"] } }))).toEqual(records);
    expect((await split(records.toReversed(), { test: 0.2 })).partOf.get("r7")).toBe(first.partOf.get("r7"));
    const other = await split(records, { test: 0.2, seed: 1 });
    expect([...other.partOf].filter(([id, part]) => first.partOf.get(id) !== part).length).toBeGreaterThan(200);
  });

  it("never tears a component that is tied together by different keys", async () => {
    // Thread ties 0-1, sender ties 1-2, cluster 2-3, equal text 3-4: five records that no single key joins.
    const chains = 40;
    const records = Array.from({ length: chains * 5 }, (_, index): TextRecord => {
      const [chain, place] = [Math.floor(index / 5), index % 5];
      const metadata: JsonObject[] = [
        { thread: [`t${chain}`, `only ${index}`] },
        { thread: [`t${chain}`], sender: `s${chain}` },
        { sender: `s${chain}`, cluster: `c${chain}` },
        { cluster: `c${chain}`, thread: [] },
        { sender: "" },
      ];
      return {
        id: `r${index}`,
        text: place >= 3 ? `Same  ${chain}` : `text ${index}`,
        source: "s",
        metadata: metadata[place]!,
      };
    });
    const { report, partOf, out } = await split(records, { stratifyBy: [] });
    const groupOf = new Map(out.map(({ id, metadata }) => [id, metadata?.["splitGroup"]]));
    expect(new Set(groupOf.values()).size).toBe(chains);
    expect(report.groups).toEqual({ count: chains, largest: 5, tooLarge: { groups: 0, records: 0 } });
    expect([report.leaks, report.sizes]).toEqual([0, { train: 160, validation: 20, test: 20 }]);
    for (let chain = 0; chain < chains; chain++) {
      const ids = [0, 1, 2, 3, 4].map((place) => `r${chain * 5 + place}`);
      for (const of of [partOf, groupOf]) expect(new Set(ids.map((id) => of.get(id))).size).toBe(1);
    }
  });

  it("sends a group that is too large for its part to train", async () => {
    const records = make(
      200,
      () => "x",
      (index) => (index < 100 ? { sender: "everyone" } : {}),
    );
    const { report, partOf } = await split(records);
    expect(report.groups.tooLarge).toEqual({ groups: 1, records: 100 });
    // Of the other hundred, at most half leave train; here validation and test want forty.
    expect(new Set(records.slice(0, 100).map((each) => partOf.get(each.id)))).toEqual(new Set(["train"]));
    expect(report.sizes.test).toBe(20);
    const wanting = await split(records, { test: 0.2, validation: 0.2, maxMovableShare: 0.6 });
    expect(wanting.report.sizes).toEqual({ train: 140, validation: 30, test: 30 });
  });

  it("takes large groups no sooner and no later than small ones", async () => {
    // Half of the records are in pairs; over seeds, half of the test part must be.
    const records = make(
      400,
      () => "x",
      (index) => (index < 200 ? { sender: `s${index >> 1}` } : {}),
    );
    let paired = 0;
    for (let seed = 0; seed < 10; seed++) {
      const { partOf } = await split(records, { seed, maxGroupShare: 1 });
      paired += records.slice(0, 200).filter((each) => partOf.get(each.id) === "test").length;
    }
    expect(paired / (40 * 10)).toBeGreaterThan(0.4);
    expect(paired / (40 * 10)).toBeLessThan(0.6);
  });

  it("stratifies by label and metadata, takes counts, and writes one file a part", async () => {
    const records = make(
      300,
      (index) => (index % 2 ? "a" : "b"),
      (index) => ({ list: index % 3 === 0 }),
    );
    const { report } = await split(records, { stratifyBy: ["label", "list"], test: 30, validation: 0 });
    expect(report.perClass.test).toEqual({
      "b / list: true": 5,
      "a / list: false": 10,
      "b / list: false": 10,
      "a / list: true": 5,
    });
    const { files, leaks } = await exportSplits(folder, join(folder, "parts"), []);
    expect(leaks).toBe(0);
    expect([files.train.records, files.validation.records, files.test.records]).toEqual([270, 0, 30]);
    expect((await readFile(files.test.path, "utf8")).split("\n")).toHaveLength(31);
  });

  it("ties records by numbers, and by what lies within metadata", async () => {
    const records = make(
      60,
      () => "x",
      (index) => ({ ticket: { customer: index % 30, days: [index % 30] }, "ticket.place": `floor ${index % 30}` }),
    );
    for (const name of ["ticket.customer", "ticket.days", "ticket.place"]) {
      const { report } = await split(records, { groupBy: [name], stratifyBy: [], maxGroupShare: 1 });
      expect([name, report.groups]).toEqual([name, { count: 30, largest: 2, tooLarge: { groups: 0, records: 0 } }]);
    }
    const { report } = await split(records, { groupBy: [], stratifyBy: ["ticket.customer"] });
    expect(Object.keys(report.perClass.train)).toHaveLength(30);
  });

  it("refuses names that no record has, but for those that stages leave out where they find nothing", async () => {
    const records = make(
      50,
      () => "x",
      (index) => ({ customer: `c${index}` }),
    );
    for (const options of [{ groupBy: ["cluster", "costumer"] }, { stratifyBy: ["label", "costumer"] }]) {
      const [key] = Object.keys(options);
      await expect(split(records, options)).rejects.toMatchObject({
        code: "OPTIONS_INVALID",
        message: `Expected "costumer" of ${key} in the metadata of some record, but there are only customer.`,
        hint: "A column of the data is kept in metadata by keep: [costumer] at its source.",
      });
    }
    await expect(split(records, { groupBy: ["label"] })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    expect((await split(records, { groupBy: ["cluster", "thread", "sender", "customer"] })).report.leaks).toBe(0);
  });

  it("counts leaks from records alone: each text or key that comes again in another part", () => {
    const record = (text: string, metadata: JsonObject = {}): TextRecord => ({ id: text, text, source: "s", metadata });
    const leaksOf = (groupBy: string[], ...parts: (readonly [TextRecord, "train" | "validation" | "test"])[]) => {
      const check = createLeakCheck(groupBy);
      for (const [each, part] of parts) check.visit(each, part);
      return check.count();
    };
    expect(leaksOf([], [record("a"), "train"], [record("A  "), "train"], [record("b"), "test"])).toBe(0);
    expect(leaksOf([], [record("a b"), "train"], [record("A  b"), "test"])).toBe(1);
    const [ann, bob] = [
      record("x", { sender: "ann", thread: ["t1", "t2"] }),
      record("y", { sender: "bob", thread: "t2" }),
    ];
    expect(leaksOf(["sender"], [ann, "train"], [bob, "test"])).toBe(0);
    expect(leaksOf(["sender", "thread"], [ann, "train"], [bob, "test"])).toBe(1);
    expect(leaksOf(["sender", "thread"], [ann, "test"], [bob, "validation"], [ann, "train"])).toBe(5);
  });

  it("refuses an empty part, a label that is never trained, and shares that leave nothing", async () => {
    await expect(
      split(
        make(
          30,
          () => "x",
          () => ({ sender: "one" }),
        ),
      ),
    ).rejects.toMatchObject({
      code: "DATA_EMPTY",
      details: { key: "validation" },
      message: expect.stringContaining("(records: 30, classes: 1, groups: 1, the largest of 30)"),
    });
    const hintOf = (count: number, label: (index: number) => string) =>
      split(make(count, label, () => ({}))).catch(({ hint }) => hint as string);
    expect(await hintOf(3, String)).toMatch(/^Give more records/);
    expect(await hintOf(30, String)).toMatch(/^Labels that are nearly all different are no classes/);
    const tied = make(
      20,
      (index) => (index < 2 ? "rare" : "x"),
      () => ({}),
    );
    await expect(split(tied, { test: 0.45, validation: 0.5, maxGroupShare: 1 })).rejects.toMatchObject({
      code: "LABELS_INVALID",
      details: { labels: ["rare"] },
    });
    await expect(split(tied, { test: 0.5, validation: 0.5 })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    await expect(
      split(
        make(
          9,
          () => "x",
          () => ({ thread: [true] }),
        ),
      ),
    ).rejects.toMatchObject({ code: "INPUT_INVALID", details: { key: "thread" } });
  });
});

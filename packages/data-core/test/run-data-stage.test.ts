import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStageCache } from "@attune/run-folder";
import { integerField, type TextRecord } from "@attune/spec";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  collect,
  type DataStage,
  funnelOf,
  mapTexts,
  option,
  optionSchema,
  recordsSource,
  runDataPipeline,
  runDataStage,
  stageSource,
} from "../src/index.ts";

const schema = optionSchema("the stage shorten", { minimum: option(integerField({ minimum: 0 }), 2) });
let runs = 0;
const shorten: DataStage<{ readonly minimum: number }> = {
  kind: "data-stage",
  specificationVersion: 1,
  id: "shorten",
  version: "1",
  description: "Drops short texts and trims the others",
  parse: schema.parse,
  async *run(records, { minimum }, { counters, report }) {
    runs += 1;
    for await (const record of records) {
      if (record.text.length < minimum) {
        counters.dropped(record, "too-short", { value: record.text.length, threshold: minimum });
        continue;
      }
      const trimmed = mapTexts(record, (text) => text.trim());
      if (trimmed !== record) {
        counters.changed(record, "trim");
        counters.changed(record, "trim-again");
      }
      yield trimmed;
    }
    report("note", { done: true });
  },
};
const records: TextRecord[] = ["a", "bb", " ccc "].map((text, index) => ({ id: `r${index}`, text, source: "s" }));
const source = recordsSource(records, "three");
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-stage-"));
  runs = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("runDataStage", () => {
  it("writes records and a manifest with every count", async () => {
    const { manifest, cached } = await runDataStage({ stage: shorten, source, output: folder });
    expect(cached).toBe(false);
    expect(await readFile(join(folder, "records.jsonl"), "utf8")).toBe(
      '{"id":"r1","text":"bb","source":"s"}\n{"id":"r2","text":"ccc","source":"s"}\n',
    );
    expect(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"))).toEqual(manifest);
    expect(manifest).toMatchObject({
      stage: "shorten",
      version: "1",
      options: { minimum: 2 },
      report: { note: { done: true } },
      counts: { read: 3, kept: 2, dropped: 1, changed: 1, created: 0 },
      rules: [
        { rule: "too-short", action: "dropped", count: 1, threshold: 2, sample: [{ id: "r0", value: 1 }] },
        { rule: "trim", action: "changed", count: 1, sample: [{ id: "r2" }] },
        { rule: "trim-again", action: "changed", count: 1 },
      ],
    });
    expect((await readdir(folder)).sort()).toEqual(["manifest.json", "records.jsonl", "timings.json"]);
    expect(funnelOf([manifest])[0]).toMatchObject({ stage: "shorten", read: 3, kept: 2, dropped: 1, changed: 1 });
  });

  it("runs again only when input, options, version or the file changed", async () => {
    const run = (change: object = {}) => runDataStage({ stage: shorten, source, output: folder, ...change });
    expect([(await run()).cached, (await run()).cached, (await run({ options: { minimum: 2 } })).cached]).toEqual([
      false,
      true,
      true,
    ]);
    expect((await run({ options: { minimum: 3 } })).manifest.counts.kept).toBe(1);
    expect((await run({ stage: { ...shorten, version: "2" } })).cached).toBe(false);
    expect(
      (await run({ stage: { ...shorten, version: "2" }, source: recordsSource(records.slice(1), "two") })).cached,
    ).toBe(false);
    await run();
    await writeFile(join(folder, "records.jsonl"), "tampered\n");
    expect((await run()).cached).toBe(false);
    expect(runs).toBe(6);
  });

  it("takes results of other folders from a cache, byte for byte", async () => {
    const cache = createStageCache(join(folder, "cache"));
    const first = await runDataStage({ stage: shorten, source, output: join(folder, "one"), cache });
    const second = await runDataStage({ stage: shorten, source, output: join(folder, "two"), cache });
    expect([first.cached, second.cached, runs]).toEqual([false, true, 1]);
    for (const name of ["records.jsonl", "manifest.json"]) {
      expect(await readFile(join(folder, "two", name))).toEqual(await readFile(join(folder, "one", name)));
    }
  });

  it("refuses a changed file when it is read", async () => {
    await runDataStage({ stage: shorten, source, output: folder });
    const text = await readFile(join(folder, "records.jsonl"), "utf8");
    await writeFile(join(folder, "records.jsonl"), text.replace("bb", "xx"));
    const stage = await stageSource(folder);
    await expect(collect(stage.open())).rejects.toMatchObject({ code: "FILE_CORRUPT" });
  });

  it("rejects lost records, nothing read, nothing kept, wrong options and an abort, and leaves no result", async () => {
    const stopping: DataStage = { ...shorten, parse: shorten.parse, async *run() {} };
    const losing: DataStage = {
      ...shorten,
      parse: shorten.parse,
      async *run(all) {
        for await (const record of all) if (record.id !== "r1") yield record;
      },
    };
    const run = (change: object) => runDataStage({ stage: shorten, source, output: folder, ...change });
    await expect(run({ stage: stopping })).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("after 0 records"),
    });
    await expect(run({ stage: losing })).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("read 3 records and created 0, but kept 2"),
    });
    await expect(run({ source: recordsSource([], "none") })).rejects.toMatchObject({ code: "DATA_EMPTY" });
    await expect(run({ options: { minimum: 9 } })).rejects.toMatchObject({
      code: "DATA_EMPTY",
      message: expect.stringContaining("too-short 3"),
    });
    await expect(run({ options: { minimun: 9 } })).rejects.toMatchObject({
      code: "CONFIG_UNKNOWN_KEY",
      hint: 'Did you mean "minimum"?',
    });
    await expect(run({ options: { minimum: -1 } })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      details: { key: "minimum" },
    });
    expect((await readdir(folder)).includes("manifest.json")).toBe(false);
  });
});

describe("a stage that gives or counts what is no record", () => {
  const run = (stage: Partial<DataStage>) =>
    runDataStage({
      stage: { ...shorten, ...stage, parse: () => ({}) } as DataStage,
      source,
      output: join(folder, "out"),
    });

  it("is refused, with what it gave, and leaves no result", async () => {
    const junk = { text: "no id" } as unknown as TextRecord;
    const given = async function* (all: AsyncIterable<TextRecord>): AsyncGenerator<TextRecord> {
      for await (const _ of all) yield junk;
    };
    await expect(run({ run: given })).rejects.toMatchObject({
      code: "INTERNAL",
      message: 'Expected the stage shorten to give records with id, text and source, but received {"text":"no id"}.',
    });
    const counted: DataStage["run"] = async function* (all, _options, { counters }) {
      for await (const record of all) {
        counters.dropped("too-short" as unknown as TextRecord, "rule");
        yield record;
      }
    };
    await expect(run({ run: counted })).rejects.toMatchObject({
      message: 'Expected a record and the name of a rule to count as dropped, but received "too-short".',
    });
    expect(await readdir(join(folder, "out"))).toEqual([]);
  });

  it("is not blamed for records that the caller gave", async () => {
    const incomplete = recordsSource([...records, { text: "no id" } as unknown as TextRecord], "mine");
    await expect(
      runDataStage({ stage: shorten, source: incomplete, output: join(folder, "out") }),
    ).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: 'Expected record 3 of mine to have id, text and source, but received {"text":"no id"}.',
    });
  });
});

describe("runDataPipeline", () => {
  it("feeds each step with the one before, and checks all options first", async () => {
    const steps = [{ stage: shorten }, { stage: shorten, name: "again", options: { minimum: 3 } }];
    const results = await runDataPipeline({ steps, source, output: folder });
    expect(results.map(({ manifest }) => [manifest.counts.read, manifest.counts.kept])).toEqual([
      [3, 2],
      [2, 1],
    ]);
    expect(results[1]!.manifest.input.fingerprint).toBe(results[0]!.manifest.output.hash);
    expect((await collect(results[1]!.source.open())).map((record) => record.id)).toEqual(["r2"]);
    runs = 0;
    const wrong = [
      { stage: shorten, options: { minimum: 1 } },
      { stage: shorten, name: "again", options: { minimum: "x" } },
    ];
    await expect(runDataPipeline({ steps: wrong, source, output: folder })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
    });
    await expect(
      runDataPipeline({ steps: [{ stage: shorten }, { stage: shorten }], source, output: folder }),
    ).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    expect(runs).toBe(0);
  });
});

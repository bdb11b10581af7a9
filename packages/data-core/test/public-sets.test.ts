import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TextRecord } from "@attune/spec";
import { describe, expect, it } from "vitest";
import {
  collect,
  computeStats,
  contentOf,
  openSource,
  type RecordContent,
  type RecordMessage,
  readRows,
  runDataStage,
  type SplitReport,
  splitStage,
} from "../src/index.ts";

const folder = process.env["ATTUNE_TEST_DATA"] ?? "";
const open = (config: object) => openSource(config, { baseDirectory: folder });

describe.skipIf(folder === "")("public data sets (needs ATTUNE_TEST_DATA)", () => {
  it("banking77: 10003 rows, 77 labels, CSV with quotes", async () => {
    const source = open({
      path: "banking77/train.csv",
      columns: { text: "text", label: "category" },
      licence: "CC-BY-4.0",
    });
    const stats = await computeStats(source.open());
    expect([stats.records, Object.keys(stats.labels).length, stats.labels["card_arrival"]]).toEqual([10_003, 77, 153]);
    expect(stats.licences).toEqual({ "CC-BY-4.0": 10_003 });
  });

  it("e2e: prompt and completion by column, split by meaning representation", async () => {
    const source = open({ path: "e2e/devset.csv", columns: { prompt: "mr", completion: "ref" } });
    const records = await collect(source.open());
    expect(records).toHaveLength(4672);
    expect(contentOf(records[0]!)).toEqual({
      prompt: "name[Alimentum], area[city centre], familyFriendly[no]",
      completion: "There is a place in the city centre, Alimentum, that is not family-friendly.",
    });
    const output = await mkdtemp(join(tmpdir(), "attune-e2e-"));
    try {
      const { manifest } = await runDataStage({
        stage: splitStage,
        options: { groupBy: ["content.prompt"] },
        source,
        output,
      });
      const report = manifest.report["split"] as unknown as SplitReport;
      const prompts = new Set(records.map((record) => (contentOf(record) as { prompt: string }).prompt)).size;
      expect([report.leaks, report.groups.count <= prompts, report.sizes.test]).toEqual([0, true, 467]);
    } finally {
      await rm(output, { recursive: true, force: true });
    }
  });

  const roles = (record: TextRecord): string[] =>
    (contentOf(record) as { messages: RecordMessage[] }).messages.map((message) => message.role);
  it.each([
    ["instruct/alpaca_en_demo.json", 999, ["prompt", "completion"]],
    ["instruct/messages_sft.jsonl", 500, ["messages"]],
    ["instruct/sharegpt_toolcall_en.json", 300, ["messages"]],
    ["dialogue/sharegpt_dummy.json", 500, ["messages"]],
    ["preference/dpo_en_demo.json", 300, ["prompt", "chosen", "rejected"]],
    ["preference/dpo_zh_demo.json", 300, ["prompt", "chosen", "rejected"]],
    ["preference/kto_en_demo.json", 300, ["messages"]],
  ])("%s: the format is recognised by its columns", async (path, count, keys) => {
    const records = await collect(open({ path }).open());
    expect([records.length, Object.keys(contentOf(records[0]!) as RecordContent)]).toEqual([count, keys]);
    for (const record of records) if (keys[0] === "messages") expect(roles(record).length).toBeGreaterThan(0);
  });

  it("mmlu: ten lines hold a bare NaN, which is an error unless it is asked to be null", async () => {
    const path = join(folder, "mcq/mmlu_stem_test.jsonl");
    await expect(collect(readRows(path))).rejects.toMatchObject({ code: "FILE_CORRUPT" });
    const lines: number[] = [];
    expect(await collect(readRows(path, { nonFinite: "null", onNonFinite: (line) => lines.push(line) }))).toHaveLength(
      3018,
    );
    expect(lines).toHaveLength(10);
  });

  it("math: JSON Lines in a file called .json; text/pretrain: gzip", async () => {
    expect(await collect(readRows(join(folder, "math/math_test.json")))).toHaveLength(5000);
    let rows = 0;
    for await (const _ of readRows(join(folder, "text/pretrain_en.jsonl.gz"))) rows += 1;
    expect(rows).toBe(66_206);
  });
});

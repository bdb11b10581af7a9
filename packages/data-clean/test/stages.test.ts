import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, type PipelineStep, recordsSource, runDataPipeline } from "@attune/data-core";
import type { TextRecord } from "@attune/spec";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import plugin, { cleanStage, parseStage } from "../src/index.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-clean-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(texts: readonly string[], steps: readonly PipelineStep[]) {
  const records = texts.map(
    (text, index): TextRecord => ({ id: `r${index}`, text, source: "s", label: "x", metadata: { group: "g" } }),
  );
  const results = await runDataPipeline({ steps, source: recordsSource(records, "r"), output: folder });
  const { manifest, source } = results.at(-1)!;
  return {
    records: await collect(source.open()),
    counts: Object.fromEntries(manifest.rules.map(({ rule, count }) => [rule, count])),
  };
}

const mail = [
  "From: Joe <joe@example.org>",
  "Sender: talk-admin@example.org",
  "To: talk@example.org",
  "Subject: [Talk] Re: [Talk] *****SPAM***** Hi there",
  "Date: Thu, 22 Aug 2002 18:26:25 +0000",
  "X-Spam-Status: Yes",
  "",
  "On Monday, Jane wrote:",
  "> question",
  "",
  "I donâ€™t   know\u200b.",
  "-- ",
  "Joe",
  "",
  "_______________________________________________",
  "Talk mailing list",
  "http://example.org/mailman/listinfo/talk",
].join("\n");

describe("parseStage and cleanStage", () => {
  it("leave of a mail what its author wrote, and what ties it to others", async () => {
    const { records, counts } = await run(
      [mail],
      [{ stage: parseStage }, { stage: cleanStage, options: { quotes: "ascii" } }],
    );
    expect(records).toEqual([
      {
        id: "r0",
        source: "s",
        label: "x",
        text: "Re: Hi there\n\nI don't know.",
        metadata: {
          group: "g",
          list: true,
          sender: "joe@example.org",
          thread: ["subject:spam hi there"],
          date: "2002-08-22T18:26:25.000Z",
          content: { subject: "Re: Hi there", body: "I don't know." },
        },
      },
    ]);
    expect(counts).toEqual({
      unicode: 1,
      "filter-marks": 1,
      "list-tag": 1,
      "list-footer": 1,
      "quoted-reply": 1,
      signature: 1,
      "white-space": 1,
    });
  });

  it("keep quotes, signatures and list marks when asked", async () => {
    const options = { quotedReplies: "keep", signatures: "keep", listMarks: "keep" };
    const { records } = await run([mail], [{ stage: parseStage }, { stage: cleanStage, options }]);
    for (const part of ["[Talk] Re: [Talk]", "> question", "-- \nJoe".trimEnd().replace(" ", ""), "mailing list"])
      expect(records[0]!.text).toContain(part);
  });

  it("fold capitals and repeated marks only when asked", async () => {
    const texts = ["FREE MONEY\n----------\nAct NOW!!!!!"];
    expect((await run(texts, [{ stage: cleanStage }])).records[0]!.text).toBe(texts[0]);
    const { records, counts } = await run(texts, [
      { stage: cleanStage, options: { capitals: "fold", repeats: "fold" } },
    ]);
    expect(records[0]!.text).toBe("Free Money\n---\nAct Now!!!");
    expect(counts).toEqual({ capitals: 1, repeats: 1 });
  });

  it("tell mails, HTML and text apart, and keep the order", async () => {
    const texts = ["Subject: a\nFrom: b@c.d\n\nmail", "<html><p>page</p></html>", "Note: this is\nno mail.", mail];
    const { records, counts } = await run(texts, [{ stage: parseStage }]);
    expect(records.map((record) => record.text.split("\n").at(0))).toEqual([
      "a",
      "page",
      "Note: this is",
      "[Talk] Re: [Talk] *****SPAM***** Hi there",
    ]);
    expect(counts).toEqual({ mail: 2, html: 1, "mail-through-list": 1 });
  });

  it("apply rules with thresholds by name, and refuse unknown packs and names", async () => {
    const options = { packs: ["basic", "gopher-quality"], thresholds: { "gopher-quality/words.minimum": 3 } };
    const { records, counts } = await run(
      ["...", "too short", "the cat and the dog"],
      [{ stage: cleanStage, options }],
    );
    expect([records.map((record) => record.id), counts]).toEqual([
      ["r2"],
      { "basic/letters": 1, "gopher-quality/words": 1 },
    ]);
    expect(() => cleanStage.parse({ packs: ["gophers"] })).toThrow(/the stage clean: expected "packs" to be a list/i);
    expect(() => cleanStage.parse({ thresholds: { "gopher-quality/words.minimum": 3 } })).toThrow(
      /belongs to no rule of the packs basic/,
    );
  });

  it("are what the plugin brings", () => {
    expect(plugin.map((stage) => [stage.kind, stage.id])).toEqual([
      ["data-stage", "parse"],
      ["data-stage", "clean"],
    ]);
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, recordsSource, runDataStage } from "@attune/data-core";
import type { TextRecord } from "@attune/spec";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import plugin, { piiStage } from "../src/index.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-pii-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const records: TextRecord[] = [
  {
    id: "1",
    source: "s",
    text: "Hi\n\nwrite a@b.org and c@d.org",
    metadata: {
      sender: "a@b.org",
      thread: ["id:x@y", "id:z@y"],
      content: { subject: "Hi", body: "write a@b.org and c@d.org" },
      list: true,
    },
  },
  { id: "2", source: "s", text: "nothing here", metadata: { sender: "a@b.org" } },
];
async function run(options: object = {}) {
  const { manifest, source } = await runDataStage({
    stage: piiStage,
    options,
    source: recordsSource(records, "r"),
    output: folder,
  });
  return { records: await collect(source.open()), rules: manifest.rules, matches: manifest.report["matches"] };
}

describe("piiStage", () => {
  it("writes the placeholders that it is told, of kinds that there are", async () => {
    const { records: masked } = await run({ placeholders: { email: "address" } });
    expect(masked[0]!.text).toBe("Hi\n\nwrite address and address");
    expect(() => piiStage.parse({ placeholders: { mail: "x" } })).toThrow(/mail/);
  });

  it("masks text and content alike, and keeps groups under pseudonyms", async () => {
    const result = await run();
    const [first, second] = result.records;
    expect([first!.text, first!.metadata!["content"]]).toEqual([
      "Hi\n\nwrite [EMAIL] and [EMAIL]",
      { subject: "Hi", body: "write [EMAIL] and [EMAIL]" },
    ]);
    expect(first!.metadata!["sender"]).toMatch(/^~[0-9a-f]{16}$/);
    expect(second!.metadata!["sender"]).toBe(first!.metadata!["sender"]);
    expect(JSON.stringify(result.records)).not.toContain("@");
    expect(result.matches).toEqual({ email: 2, url: 0, iban: 0, card: 0, ip: 0, phone: 0 });
    expect(result.rules.map(({ rule, action, count }) => [rule, action, count])).toEqual([["email", "changed", 1]]);
  });

  it("flags only, drops what holds too much, and salts pseudonyms, when asked", async () => {
    const flagged = await run({ action: "flag", pseudonymise: [] });
    expect([flagged.records, flagged.rules[0]!.action]).toEqual([records, "flagged"]);
    const strict = await run({ maxMatches: 1 });
    expect([strict.records.map((each) => each.id), strict.rules[0]]).toMatchObject([
      ["2"],
      { rule: "too-many", action: "dropped", threshold: 1, sample: [{ id: "1", value: 2 }] },
    ]);
    expect((await run({ salt: "x" })).records[1]!.metadata!["sender"]).not.toBe(
      (await run()).records[1]!.metadata!["sender"],
    );
    expect(() => piiStage.parse({ types: ["name"] })).toThrow(/The stage pii: expected "types" to be a list/);
    expect(plugin).toEqual([piiStage]);
  });
});

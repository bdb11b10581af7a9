import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { quotePath } from "../src/terminal/quote-path.ts";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);

/** Words that hardly two texts share, so that none is a duplicate. */
const words = (index: number, count = 8) =>
  Array.from({ length: count }, (_, word) => letters((index * 31 + word * 7919) % 9973)).join(" ");
const letters = (number: number) => String(number + 1000).replace(/\d/g, (digit) => "aeioubdkst"[Number(digit)]!);

beforeAll(() => pretrainTiny(folder), 120_000);

describe("attune init", () => {
  test("writes a recipe that plan takes, for each kind of data", async () => {
    const indices = [...Array(24).keys()];
    const kinds = {
      classification: indices.map((index) => ({
        text: `${words(index)} please`,
        label: index % 2 ? "billing" : "access",
      })),
      generation: indices.map((index) => ({ prompt: words(index, 4), completion: words(index + 100, 4) })),
      perplexity: indices.map((index) => ({ text: words(index) })),
    };
    for (const [task, rows] of Object.entries(kinds)) {
      const data = path(`my ${task}.jsonl`);
      writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      const output = path(`${task}.yaml`);
      const made = await attuneJson(["init", "--data", data, "--model", path("tiny", "model"), "--output", output]);
      expect(made).toEqual({
        schemaVersion: 1,
        output,
        task,
        name: `my-${task}`,
        model: path("tiny", "model"),
        remarks: [],
      });
      const small = [
        "--block-length",
        "64",
        "--set",
        "template.maxTokens=40",
        "--set",
        "data.stages.split.test=3",
        "--set",
        "data.stages.split.validation=3",
        "--set",
        "evaluation.maxNewTokens=8",
      ];
      expect(await attuneJson(["plan", output, ...small]), task).toMatchObject({ training: { parameters: 28832 } });
    }
    expect(readFileSync(path("classification.yaml"), "utf8")).toContain('"billing": " billing"');
    const output = path("of mine", "my recipe.yaml");
    const { stdout } = await runAttune(["init", "--data", path("my classification.jsonl"), "--output", output]);
    const shown = quotePath(output);
    expect(shown).toMatch(/^(['"]).*my recipe\.yaml\1$/);
    expect(stdout).toContain(`attune run ${shown}\n`);
    expect(readFileSync(output, "utf8")).toContain(`#   attune plan ${shown} `);
    const again = await runAttune(["init", "--data", path("texts.jsonl"), "--output", path("perplexity.yaml")]);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain("(FILE_EXISTS)");
  });

  test("says what of a table may not have been meant: labels that are missing, alike, rare or no classes, columns unread", async () => {
    const rows = Array.from({ length: 12 }, (_, index) => ({ body: `text ${index}`, label: index % 2 ? "in" : "out" }));
    const tables = {
      "of 12 records have no label": [
        "perplexity",
        rows.map((row, index) => (index < 3 ? { ...row, label: "" } : row)),
      ],
      'The only label is "in".': ["perplexity", rows.map((row) => ({ ...row, label: "in" }))],
      "Most records have a label of their own": ["perplexity", rows.map((row, index) => ({ ...row, label: index }))],
      'case or spaces alone are labels of their own: "In ", "in".': [
        "classification",
        rows.map((row, index) => (index % 4 === 1 ? { ...row, label: "In " } : row)),
      ],
      'Labels of fewer than 3 records cannot be learnt, chosen by and judged: "odd".': [
        "classification",
        [...rows, { body: "one more", label: "odd" }],
      ],
      "Columns that are not read: team. One that holds a class is named by, for example, --columns text=body,label=team; one whose values never may lie in two parts by --keep team.":
        ["perplexity", rows.map(({ body, label }) => ({ body, team: label }))],
    } as const;
    for (const [index, [sentence, [task, table]]] of Object.entries(tables).entries()) {
      const data = path(`table ${index}.jsonl`);
      writeFileSync(data, table.map((row) => `${JSON.stringify(row)}\n`).join(""));
      const init = ["init", "--data", data, "--output"];
      const made = await attuneJson([...init, path(`table ${index}.yaml`)]);
      expect(made, sentence).toMatchObject({ task, remarks: [expect.stringContaining(sentence)] });
      expect((await runAttune([...init, path(`again ${index}.yaml`)])).stderr).toContain(sentence);
    }
  });

  test("columns that are kept are what the split groups by", async () => {
    const rows = Array.from({ length: 40 }, (_, index) => ({
      body: `${words(index)} please`,
      label: index % 2 ? "in" : "out",
      customer: index >> 2,
    }));
    const data = path("customers.jsonl");
    writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const output = path("customers.yaml");
    const init = ["init", "--data", data, "--keep", "customer", "--model", path("tiny", "model"), "--output", output];
    expect(await attuneJson(init)).toMatchObject({ remarks: [] });
    const limits = ["--set", "template.maxTokens=40", "--set", "data.stages.split.maxGroupShare=1"];
    const { data: prepared } = await attuneJson(["plan", output, ...limits]);
    expect(prepared).toMatchObject({ groups: { count: 10, largest: 4 } });
  });

  test("a folder of documents becomes a model that speaks like them, however long they are", async () => {
    const words = (seed: number) =>
      Array.from(
        { length: 200 },
        (_, index) => `the ${["cat", "dog", "cow"][(index * seed) % 3]} sat ${index * seed}.`,
      );
    for (let index = 0; index < 12; index++) {
      mkdirSync(path("docs", `part ${index % 2}`), { recursive: true });
      writeFileSync(path("docs", `part ${index % 2}`, `page ${index >> 1}.md`), words(index + 2).join(" "));
    }
    writeFileSync(path("docs", "picture.png"), Buffer.from("89504e470d0a1a0a", "hex"));
    const init = ["init", "--data", path("docs"), "--model", path("tiny", "model"), "--output", path("docs.yaml")];
    const refused = await runAttune(init);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/picture\.png.*\nhint: .*include/) });
    await attuneJson([...init, "--include", "**/*.md"]);
    const read = ["--include", "*1/*.md", "--unit", "file"];
    const direct = ["train", "--model", path("tiny", "model"), "--block-length", "32", "--steps", "1"];
    const train = [...direct, "--output", path("docs-train"), "--data", path("docs"), ...read];
    expect(await attuneJson(train)).toMatchObject({ rows: { kept: 6 } });
    expect(await runAttune([...direct, ...read])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Expected --data beside --include\..*\nhint: .*--set data\.source\.include=VALUE/),
    });
    const small = ["--block-length", "32", "--rows", "1", "--steps", "3"];
    const output = ["--output", path("docs-run"), "--set", "data.stages.dedup=false"];
    const { training, table } = await attuneJson<{
      training: { rows: { kept: number; trainedTokens: number }; steps: number };
      table: { rows: { role: string }[]; cautions: string[] };
    }>(["run", path("docs.yaml"), ...small, ...output]);
    expect(training).toMatchObject({ steps: 3, rows: { kept: 9, maskedOut: 0 } });
    expect(training.rows.trainedTokens).toBeGreaterThan(9 * 200);
    expect(table.rows.map(({ role }) => role)).toEqual(["before", "after"]);
    expect(table.cautions).toEqual([expect.stringContaining("too narrow")]);
  });

  test("columns of other names are found and named, and conversations run from one end to the other", async () => {
    const write = (name: string, rows: object[]) =>
      writeFileSync(path(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const indices = [...Array(30).keys()];
    const animal = (index: number) => ["cat", "dog", "cow"][index % 3]!;
    write(
      "questions.jsonl",
      indices.map((index) => ({ Question: `who sat ${index}?`, answer: `the ${animal(index)} sat` })),
    );
    write(
      "topics.jsonl",
      indices.map((index) => ({ body: `the ${animal(index)} sat ${index}`, category: animal(index) })),
    );
    const turn = (role: string, content: string) => ({ role, content });
    const chats = indices.map((index) => ({
      messages: [turn("user", `who sat ${index}?`), turn("assistant", `the ${animal(index)} sat ${index} times.`)],
    }));
    chats[0]!.messages[1]!.content = "the cat sat ".repeat(40);
    write("chats.jsonl", chats);
    const drafted = async (name: string) => {
      const output = path(`${name}.yaml`);
      await attuneJson(["init", "--data", path(`${name}.jsonl`), "--model", path("tiny", "model"), "--output", output]);
      return readFileSync(output, "utf8");
    };
    expect(await drafted("questions")).toContain('"columns":{"prompt":"Question","completion":"answer"}');
    const topics = await drafted("topics");
    expect(topics).toContain('"columns":{"text":"body","label":"category"}');
    expect(topics).toContain("task: classification");
    expect(await drafted("chats")).toContain("chatTemplate: |-");
    const small = ["--block-length", "64", "--rows", "1", "--steps", "2"];
    const sizes = ["split.test=10", "split.validation=4", "dedup=false"].flatMap((size) => [
      "--set",
      `data.stages.${size}`,
    ]);
    const { training, table } = await attuneJson<{
      training: { rows: { kept: number; long: { dropped: number } } };
      table: { n: number; cautions: string[] };
    }>([
      "run",
      path("chats.yaml"),
      ...small,
      ...sizes,
      "--set",
      "evaluation.maxNewTokens=8",
      "--output",
      path("chats-run"),
    ]);
    const { kept, long } = training.rows;
    expect(kept + long.dropped).toBe(16);
    const leftOut = table.n === 10 ? 0 : 1;
    expect(long.dropped + leftOut).toBeLessThanOrEqual(1);
    expect(table.cautions).toEqual(leftOut === 0 ? [] : expect.arrayContaining([expect.stringContaining("too long")]));
    // Whoever talks to the adapter, or to the merged model, does so by the template that it was trained by.
    const question = `${JSON.stringify({ messages: [turn("user", "who sat 3?")] })}\n`;
    const base = ["generate", "--input", "-", "--max-new-tokens", "3", "--model"];
    const adapter = ["--adapter", path("chats-run", "adapter")];
    expect(await runAttune([...base, path("tiny", "model")], question)).toMatchObject({ code: 2 });
    const spoken = await runAttune([...base, path("tiny", "model"), ...adapter], question);
    expect(spoken).toMatchObject({ code: 0, stderr: "" });
    const merged = path("chats-merged");
    expect(await runAttune(["merge", "--model", path("tiny", "model"), ...adapter, "--output", merged])).toMatchObject({
      code: 0,
    });
    for (const model of [merged, path("chats-run", "merged")]) {
      expect(await runAttune([...base, model], question)).toMatchObject({ code: 0 });
      expect(readFileSync(join(model, "chat_template.jinja"), "utf8")).toContain("Assistant:");
    }
  });

  test("few long texts are read by their paragraphs, and HTML is parsed", async () => {
    const paragraphs = Array.from({ length: 12 }, (_, index) => `Chapter ${index}.\nIt begins.`);
    writeFileSync(path("book.txt"), paragraphs.join("\n\n"));
    mkdirSync(path("site"));
    for (let index = 0; index < 12; index++) {
      writeFileSync(path("site", `${index}.html`), `<html><body><p>Page ${index}</p></body></html>`);
    }
    const drafted = async (name: string, ...flags: string[]) => {
      const output = path(`${name}-${flags.length}.yaml`);
      await attuneJson(["init", "--data", path(name), "--output", output, ...flags]);
      return /source: (.*)\n {2}stages:\n {4}(\w+):/.exec(readFileSync(output, "utf8"))!.slice(1);
    };
    expect(await drafted("book.txt")).toEqual([JSON.stringify({ path: path("book.txt"), unit: "paragraph" }), "clean"]);
    expect(await drafted("book.txt", "--unit", "file")).toEqual([
      JSON.stringify({ path: path("book.txt"), unit: "file" }),
      "clean",
    ]);
    expect(await drafted("site")).toEqual([JSON.stringify({ path: path("site") }), "parse"]);
  });

  test("asks nobody where there is no terminal", async () => {
    const { code, stderr } = await spawnAttune(["init"], { directory: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/Expected --data.*\(OPTIONS_INVALID\)\nhint: .*attune init --data/);
  });
});

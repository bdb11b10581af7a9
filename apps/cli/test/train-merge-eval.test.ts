import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acquireLock } from "@attune/run-folder";
import { beforeAll, describe, expect, test } from "vitest";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny, writeLines } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
let model = "";

beforeAll(async () => {
  ({ model } = await pretrainTiny(folder));
}, 120_000);

/** Options that make a training short. */
const short = ["--rows", "2", "--block-length", "64", "--rank", "4", "--threads", "1"];
const trainOn = (output: string, steps: number) => [
  "train",
  "--model",
  model,
  "--data",
  path("texts.jsonl"),
  ...short,
  "--steps",
  String(steps),
  "--output",
  path(output),
];

describe("attune train, merge, eval", () => {
  test("a model that was trained with another tokenizer keeps that one", async () => {
    const other = path("own", "tokenizer.json");
    cpSync(model, path("own"), { recursive: true });
    writeFileSync(other, `${readFileSync(join(model, "tokenizer.json"), "utf8")}\n`);
    const short = ["--rows", "2", "--block-length", "64", "--threads", "1", "--steps", "1"];
    const command = ["train", "--model", model, "--data", path("texts.jsonl"), ...short, "--method", "full"];
    await attuneJson([...command, "--set", `tokenizer=${other}`, "--output", path("own-full")]);
    expect(readFileSync(path("own-full", "model", "tokenizer.json"))).toEqual(readFileSync(other));
  });

  test("a memory of more than 4 GiB, which takes 64-bit addresses, gives the same bytes; a run may go on in another", async () => {
    const bytesOf = (output: string) => readFileSync(path(output, "adapter", "adapter_model.safetensors"));
    await attuneJson(trainOn("narrow", 4));
    await attuneJson([...trainOn("wide", 4), "--memory", "5GiB"]);
    expect(bytesOf("wide")).toEqual(bytesOf("narrow"));
    await attuneJson([...trainOn("wide", 4), "--memory", "6GiB", "--resume"]);
    const small = await runAttune([...trainOn("small", 4), "--memory", "200KB"]);
    expect(small).toMatchObject({ code: 1, stderr: expect.stringMatching(/MEMORY_EXCEEDED.*--memory/s) });
    const wrong = await runAttune([...trainOn("wrong", 4), "--memory", "plenty"]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("12GB") });
  });

  test("an adapter is trained, changes what the model says, and merging says the same", async () => {
    const trained = await spawnAttune([
      ...trainOn("trained", 60),
      "--learning-rate",
      "0.02",
      "--set",
      "method.options.targetModules=all-linear",
      "--json",
    ]);
    expect(trained.code).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({
      schemaVersion: 1,
      steps: 60,
      skippedSteps: 0,
      rows: { kept: 64 },
      output: path("trained", "adapter"),
    });
    const adapter = path("trained", "adapter");
    const merged = await attuneJson([
      "merge",
      "--model",
      model,
      "--adapter",
      adapter,
      "--output",
      path("merged"),
      "--dtype",
      "f32",
    ]);
    expect(merged).toEqual({ schemaVersion: 1, output: path("merged"), tensors: 20 });
    const score = async (...which: string[]) => {
      const rows = JSON.stringify({ prompt: "The cat sees", completion: " the moon, and then it sleeps." });
      return (await attuneJson<{ rows: { logprob: number }[] }>(["score", ...which, "--input", "-"], rows)).rows[0]!
        .logprob;
    };
    const [base, adapted, whole] = [
      await score("--model", model),
      await score("--model", model, "--adapter", adapter),
      await score("--model", path("merged")),
    ];
    expect(adapted).toBeGreaterThan(base + 0.5);
    expect(whole).toBeCloseTo(adapted, 2);
    const judge = [
      "eval",
      "--model",
      model,
      "--data",
      path("texts.jsonl"),
      "--task",
      "perplexity",
      "--set",
      "evaluation.resamples=100",
    ];
    type Table = { table: { rows: { scores: { bitsPerByte: { value: number } } }[] } };
    const before = await attuneJson<Table>(judge);
    const after = await attuneJson<Table>([...judge, "--adapter", adapter]);
    expect(after.table.rows[0]!.scores.bitsPerByte.value).toBeLessThan(
      before.table.rows[0]!.scores.bitsPerByte.value - 0.05,
    );
    const classify = [
      "eval",
      "--model",
      model,
      "--data",
      path("sorted.jsonl"),
      "--task",
      "classification",
      "--set",
      "evaluation.resamples=100",
    ];
    writeLines(path("sorted.jsonl"), [
      { text: "the cat sat", label: "cat" },
      { text: "the dog sat", label: "dog" },
    ]);
    const judged = await runAttune(classify);
    expect(judged.stdout).toMatch(/^2 records of the test part/m);
    expect(judged.stderr).toContain("no training records, so there are no baselines");
    expect(await runAttune([...classify, "--set", "evaluation.baselines=[]"])).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await runAttune([...judge, "--adapter", adapter]);
    expect(stdout).toMatch(/^model with adapter +\d\.\d{3} \(/m);
  });

  test("SIGINT finishes the step, saves, exits 130; --resume ends with the same bytes", async () => {
    const steps = 400;
    const started = { at: 0 };
    const interrupted = await spawnAttune([...trainOn("interrupted", steps), "--progress", "bar"], {
      onStderr(text, kill) {
        if (started.at > 0 || !/train .* [1-9]\d*\/400/.test(text)) return;
        started.at = Date.now();
        kill("SIGINT");
      },
    });
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toMatch(
      /error: Training was interrupted after step \d+ of 400\. \(ABORTED\)\nhint: .*--resume/,
    );
    const done = Number(/after step (\d+) of/.exec(interrupted.stderr)![1]);
    expect(done).toBeLessThan(steps);
    const resumed = await spawnAttune([...trainOn("interrupted", steps), "--resume"]);
    expect(resumed.code).toBe(0);
    const whole = await spawnAttune(trainOn("uninterrupted", steps));
    expect(whole.code).toBe(0);
    const bytes = (run: string) => readFileSync(path(run, "adapter", "adapter_model.safetensors"));
    expect(bytes("interrupted").equals(bytes("uninterrupted"))).toBe(true);
  }, 120_000);

  test.skipIf(process.platform === "win32")("a terminal that is closed ends a run in order", async () => {
    let sent = false;
    const { code, stderr } = await spawnAttune([...trainOn("hung-up", 100_000), "--progress", "bar"], {
      onStderr(text, kill) {
        if (sent || !/train .* [1-9]\d*\/100,000/.test(text)) return;
        sent = true;
        kill("SIGHUP");
        setTimeout(() => kill("SIGHUP"), 1);
      },
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/Training was interrupted after step \d+ of 100000\. \(ABORTED\)/);
    expect(existsSync(path("hung-up", "checkpoint", "position.json"))).toBe(true);
  });

  test("a second SIGINT quits at once", async () => {
    let sent = 0;
    const { code, stderr } = await spawnAttune([...trainOn("quit", 100_000), "--progress", "bar"], {
      onStderr(text, kill) {
        if (sent === 0 && text.includes("train [")) kill("SIGINT");
        if (sent === 1) kill("SIGINT");
        if (text.includes("train [")) sent += 1;
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain("interrupt once more to quit at once");
  });

  test("a folder that another run holds is refused, and its owner named", async () => {
    const lock = await acquireLock(path("held"));
    try {
      const { code, stderr } = await spawnAttune(trainOn("held", 2));
      expect(code).toBe(1);
      expect(stderr).toContain("(RUN_LOCKED)");
      expect(stderr).toContain(String(process.pid));
    } finally {
      await lock.release();
    }
  });

  test.each([
    ["rows that are all masked", [{ messages: [{ role: "user", content: "hello there" }] }], "LABELS_INVALID"],
    ["no rows", [], "DATA_EMPTY"],
    [
      "a row that does not fit into the block",
      [{ prompt: "a", completion: "the cat ".repeat(60) }],
      "CONTEXT_EXCEEDED",
    ],
  ])("refuses %s", async (name, rows, errorCode) => {
    const data = writeLines(path(`${name.replaceAll(" ", "-")}.jsonl`), rows);
    const template = "{% for m in messages %}{{ m.role }}:\\n{{ m.content }}\\n{% endfor %}";
    const { code, stderr } = await runAttune([
      ...trainOn(name, 2).map((word) => (word === path("texts.jsonl") ? data : word)),
      "--set",
      `template.chatTemplate="${template}"`,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(`(${errorCode})`);
    expect(stderr).toContain("hint: ");
  });

  test("some masked rows are dropped, counted and shown", async () => {
    const turn = (role: string, content: string) => ({ role, content });
    const rows = [
      { messages: [turn("user", "the cat"), turn("assistant", "sleeps")] },
      { messages: [turn("user", "the dog"), turn("assistant", "hears")] },
      { messages: [turn("user", "nobody answers")] },
    ];
    const data = writeLines(path("some-masked.jsonl"), rows);
    const unended = "{% for m in messages %}{{ m.role }}:\\n{{ m.content }}\\n{% endfor %}";
    const endless = await runAttune([
      ...trainOn("endless", 2).map((word) => (word === path("texts.jsonl") ? data : word)),
      "--set",
      `template.chatTemplate="${unended}"`,
    ]);
    expect(endless.code).toBe(1);
    expect(endless.stderr).toMatch(/would not learn to stop\. \(LABELS_INVALID\)\nhint: .*eos_token/);
    const template = unended.replace(
      "m.content }}",
      "m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}",
    );
    const { code, stdout } = await runAttune([
      ...trainOn("some", 2).map((word) => (word === path("texts.jsonl") ? data : word)),
      "--set",
      `template.chatTemplate="${template}"`,
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("trained: 2 rows,");
    expect(stdout).toContain("1 rows left out because nothing in them is trained");
  });
});

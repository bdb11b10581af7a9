import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acquireLock } from "@attune/run-folder";
import { beforeAll, describe, expect, test } from "vitest";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny, writeLines } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
let model = "";
let pretrained: Record<string, unknown> = {};

beforeAll(async () => {
  ({ model, document: pretrained } = await pretrainTiny(folder));
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

describe("attune pretrain", () => {
  test("says what it made, and leaves a checkpoint that other verbs take", () => {
    expect(pretrained).toMatchObject({
      schemaVersion: 1,
      model,
      parameters: 28832,
      steps: 30,
      rows: { kept: 64, maskedOut: 0 },
    });
    const metrics = readFileSync(path("tiny", "metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { step: number; loss: number });
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(metrics.at(-1)!.loss).toBeLessThan(metrics[0]!.loss - 1);
  });

  test("a folder that holds a run is refused, and gone on with by --resume", async () => {
    const command = ["pretrain", path("tiny.yaml"), "--output", path("tiny"), "--threads", "1"];
    const refused = await runAttune(command);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("(FILE_EXISTS)");
    expect(refused.stderr).toContain("--resume");
    expect(await attuneJson([...command, "--resume"])).toEqual(pretrained);
    const other = await runAttune([...command, "--resume", "--learning-rate", "0.02"]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("training.learningRate differ. (RUN_MISMATCH)");
  });
});

describe("attune pretrain with a model", () => {
  test("goes on from its values with its tokenizer, so the loss starts where it ended", async () => {
    const recipe = path("further.yaml");
    writeFileSync(
      recipe,
      `name: further
model: ${model}
data: { source: { path: texts.jsonl } }
training: { steps: 2, rows: 2, blockLength: 64, learningRate: 0.0001 }
`,
    );
    const document = await attuneJson(["pretrain", recipe, "--output", path("further"), "--threads", "1"]);
    expect(document).toMatchObject({ parameters: 28832, steps: 2, model: path("further", "model") });
    const losses = ["tiny", "further"].map((run) => lossesOf(path(run, "metrics.jsonl")));
    expect(losses[1]![0]).toBeLessThan(losses[0]![0]! / 2);
    expect(readFileSync(path("further", "model", "tokenizer.json"))).toEqual(
      readFileSync(path("tiny", "model", "tokenizer.json")),
    );
  });
});

function lossesOf(file: string): number[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { loss: number }).loss);
}

describe("attune score", () => {
  test("prints the fixed document, and batches do not change it", async () => {
    const rows = [
      { prompt: "The cat sees", completion: " the moon" },
      { prompt: "The cat sees", completion: " a hat, and" },
      { prompt_ids: [0, 40, 41], completion_ids: [42, 43, 44] },
    ];
    const { code, stdout } = await spawnAttune([
      "score",
      "--model",
      model,
      "--input",
      writeLines(path("rows.jsonl"), rows),
      "--json",
    ]);
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { rows: { logprob: number }[]; seconds: number };
    expect(Object.keys(document)).toEqual(["schemaVersion", "rows", "seconds"]);
    expect(document.rows.map((row) => Object.keys(row))).toEqual(
      rows.map(() => ["index", "logprob", "tokens", "greedy"]),
    );
    expect(document.rows[2]).toMatchObject({ index: 2, tokens: 3, greedy: false });
    for (const [index, row] of rows.entries()) {
      const alone = await attuneJson<{ rows: { logprob: number }[] }>(
        ["score", "--model", model, "--input", "-"],
        JSON.stringify(row),
      );
      expect(alone.rows[0]!.logprob).toBeCloseTo(document.rows[index]!.logprob, 4);
      expect(alone.rows[0]!.logprob).toBeLessThan(0);
    }
    const { stdout: table } = await runAttune(["score", "--model", model, "--input", path("rows.jsonl")]);
    expect(table).toMatch(/^2 +-\d+\.\d{4} +3 +no$/m);
  });

  test.each([
    ["a row without a completion", { prompt: "a" }, 1, "INPUT_INVALID", "row 0"],
    ["ids outside the vocabulary", { prompt_ids: [1], completion_ids: [99999] }, 1, "INPUT_INVALID", "99999"],
    [
      "a row longer than the context",
      { prompt_ids: Array.from({ length: 80 }, () => 5), completion_ids: [1] },
      1,
      "CONTEXT_EXCEEDED",
      "64",
    ],
    ["an empty prompt", { prompt_ids: [], completion_ids: [1] }, 1, "INPUT_INVALID", ""],
  ])("refuses %s", async (_, row, expected, errorCode, word) => {
    const { code, stdout, stderr } = await runAttune(["score", "--model", model, "--input", "-"], JSON.stringify(row));
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(`(${errorCode})`);
    expect(stderr).toContain(word);
  });

  test("a longer context than the model was made for has to be asked for", async () => {
    const row = JSON.stringify({ prompt_ids: Array.from({ length: 80 }, () => 5), completion_ids: [1, 2] });
    const command = ["score", "--model", model, "--input", "-", "--context-length"];
    const { rows } = await attuneJson<{ rows: { logprob: number }[] }>([...command, "96"], row);
    expect(rows[0]!.logprob).toBeLessThan(0);
    const short = await runAttune([...command, "80"], row);
    expect(short.code).toBe(1);
    expect(short.stderr).toMatch(/context is 80\. \(CONTEXT_EXCEEDED\)\nhint: .*--context-length/);
    expect((await runAttune([...command, "none"], row)).code).toBe(2);
  });

  test("products in f16 on the CPU exit 2 and say what to do", async () => {
    for (const command of [
      ["score", "--model", model, "--input", "-"],
      ["generate", "--model", model, "--prompt", "a"],
      ["merge", "--model", model, "--adapter", path("nowhere"), "--output", path("never")],
      ["eval", "--model", model, "--task", "perplexity", "--data", path("texts.jsonl")],
    ]) {
      const { code, stderr } = await runAttune([...command, "--products", "f16"], "{}");
      expect(code).toBe(2);
      expect(stderr).toMatch(/for GPUs: .*cpu.*f32 alone\. \(CONFIG_INCOMPATIBLE\)\nhint: .*--device webgpu/);
      expect((await runAttune([...command, "--products", "f8"], "{}")).stderr).toMatch(/choices are f32, f16/);
    }
    const { code } = await spawnAttune(["score", "--model", model, "--input", "-"], {
      environment: { ATTUNE_PRODUCTS: "f16" },
    });
    expect(code).toBe(2);
  });

  test("a wrong device exits 4 and names those that are there", async () => {
    for (const command of [
      ["score", "--model", model, "--input", "-"],
      ["generate", "--model", model, "--prompt", "a"],
      ["eval", "--model", model, "--task", "perplexity", "--data", path("texts.jsonl")],
    ]) {
      const { code, stderr } = await runAttune([...command, "--device", "toaster"], "{}");
      expect(code).toBe(4);
      expect(stderr).toMatch(/"toaster".*\(DEVICE_UNAVAILABLE\)\nhint: .*cpu, webgpu/);
    }
    const { code } = await spawnAttune(["score", "--model", model, "--input", "-"], {
      environment: { ATTUNE_DEVICE: "toaster" },
    });
    expect(code).toBe(4);
  });

  test.each([
    ["a model that is not there", () => path("nowhere"), "FILE_NOT_FOUND"],
    ["a truncated safetensors file", () => damaged((file) => truncateSync(file, 1000)), "FILE_CORRUPT"],
    [
      "a header that lies",
      () => damaged((file) => writeFileSync(file, Buffer.from([255, 255, 255, 255, 255, 255, 255, 127, 1]))),
      "FILE_CORRUPT",
    ],
  ])("refuses %s", async (_, make, errorCode) => {
    const { code, stderr } = await runAttune(["score", "--model", make(), "--input", "-"], "{}");
    expect(code).toBe(1);
    expect(stderr).toContain(`(${errorCode})`);
  });

  let copies = 0;
  /** A copy of the model whose weights were changed. */
  function damaged(change: (file: string) => void): string {
    const copy = path(`damaged-${copies++}`);
    cpSync(model, copy, { recursive: true });
    change(join(copy, "model.safetensors"));
    return copy;
  }
});

describe("attune generate", () => {
  test("prints the fixed document; a row alone gives the same", async () => {
    const rows = [{ prompt: "The cat" }, { prompt_ids: [0, 40, 41] }];
    const command = ["generate", "--model", model, "--max-new-tokens", "6", "--input"];
    const { code, stdout } = await spawnAttune([
      ...command,
      writeLines(path("prompts.jsonl"), rows),
      "--greedy",
      "--json",
    ]);
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { rows: Record<string, unknown>[]; tokens_per_second: number };
    expect(Object.keys(document)).toEqual(["schemaVersion", "rows", "tokens_per_second"]);
    expect(document.rows.map((row) => Object.keys(row))).toEqual(rows.map(() => ["index", "text", "ids", "finish"]));
    expect(document.rows[0]).toMatchObject({ finish: "length" });
    expect(document.rows[0]!["ids"]).toHaveLength(6);
    const alone = await attuneJson<typeof document>([...command, "-"], JSON.stringify(rows[1]));
    expect(alone.rows[0]!["ids"]).toEqual(document.rows[1]!["ids"]);
    const beams = await attuneJson<typeof document>([...command, "-", "--num-beams", "3"], JSON.stringify(rows[1]));
    expect((beams.rows[0]!["ids"] as number[]).length).toBeGreaterThan(0);
  });

  test("one prompt is written out as it comes; a seed repeats its draws", async () => {
    const command = ["generate", "--model", model, "--prompt", "The cat", "--max-new-tokens", "12"];
    const { stdout } = await runAttune(command);
    const greedy = await attuneJson<{ rows: { text: string }[] }>(command);
    expect(stdout).toBe(`${greedy.rows[0]!.text}\n`);
    const draw = (seed: string) =>
      attuneJson<{ rows: { ids: number[] }[] }>([...command, "--temperature", "2", "--top-k", "50", "--seed", seed]);
    const [first, again, other] = [await draw("1"), await draw("1"), await draw("2")];
    expect(again.rows).toEqual(first.rows);
    expect(other.rows).not.toEqual(first.rows);
  });

  test.each([
    [["--prompt", "a", "--input", "-"], "Expected either --prompt or --input."],
    [[], "Expected either --prompt or --input."],
    [["--prompt", "a", "--greedy", "--top-k", "3"], "Expected no --top-k beside --greedy."],
    [["--prompt", "a", "--num-beams", "2", "--temperature", "0.5"], "Expected no --temperature beside --num-beams."],
    [["--prompt", "a", "--top-p", "0"], "Expected a number above 0 and up to 1."],
    [["--prompt", "a", "--max-new-tokens", "0"], "Expected a whole number from 1."],
  ])("refuses %j", async (options, sentence) => {
    const { code, stderr } = await runAttune(["generate", "--model", model, ...options]);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });

  test("a prompt that leaves no room for new tokens is refused", async () => {
    const { code, stderr } = await runAttune([
      "generate",
      "--model",
      model,
      "--prompt",
      "The cat",
      "--max-new-tokens",
      "64",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("(CONTEXT_EXCEEDED)");
  });
});

describe("attune score and generate", () => {
  test("take ids without any tokenizer, and say what text would need", async () => {
    const bare = path("bare");
    cpSync(model, bare, { recursive: true });
    for (const name of ["tokenizer.json", "tokenizer_config.json"]) rmSync(join(bare, name), { force: true });
    const row = JSON.stringify({ prompt_ids: [0, 40, 41], completion_ids: [42, 43] });
    const stdin = ["--input", "-"];
    type Scores = { rows: { logprob: number }[] };
    const scores = await attuneJson<Scores>(["score", "--model", bare, ...stdin], row);
    expect(scores.rows).toEqual((await attuneJson<Scores>(["score", "--model", model, ...stdin], row)).rows);
    type Answers = { rows: { text: string; ids: number[] }[] };
    const long = ["--max-new-tokens", "5", ...stdin];
    for (const way of [[], ["--num-beams", "2"]]) {
      const { rows } = await attuneJson<Answers>(["generate", "--model", bare, ...long, ...way], row);
      const whole = await attuneJson<Answers>(["generate", "--model", model, ...long, ...way], row);
      expect(rows).toEqual([{ ...whole.rows[0], text: "" }]);
    }
    for (const [command, input] of [
      [["score", "--model", bare, ...stdin], { prompt: "a", completion: "b" }],
      [["generate", "--model", bare, ...long], { prompt: "a" }],
      [["generate", "--model", bare, ...long], { messages: [{ role: "user", content: "a" }] }],
      [["generate", "--model", bare, ...long, "--stop", "x"], { prompt_ids: [1] }],
    ] as const) {
      const { code, stderr } = await runAttune([...command], JSON.stringify(input));
      expect(code).toBe(1);
      expect(stderr).toMatch(/folder has no tokenizer\.json, .* would need\. \(FILE_NOT_FOUND\)\nhint: .*prompt_ids/);
    }
  });

  test("say what they leave to the caller: special tokens that text spells out, and generation_config.json", async () => {
    const asking = path("asking");
    cpSync(model, asking, { recursive: true });
    writeFileSync(join(asking, "generation_config.json"), JSON.stringify({ eos_token_id: 2, repetition_penalty: 1.1 }));
    const [special] = (
      JSON.parse(readFileSync(join(model, "tokenizer.json"), "utf8")) as { added_tokens: { content: string }[] }
    ).added_tokens;
    const spelling = JSON.stringify({ completion: " sees", prompt: `The ${special!.content} cat` });
    const spelt = /Row 0 spells out "\S+" in its prompt, which is read as plain text/;
    const unfollowed = /generation_config\.json asks for repetition_penalty 1\.1; only options/;
    const scored = await runAttune(["score", "--model", asking, "--input", "-"], spelling);
    expect(scored.stderr).toMatch(spelt);
    const generate = ["generate", "--model", asking, "--input", "-", "--max-new-tokens", "2"];
    const generated = await runAttune(generate, spelling);
    expect(generated.stderr).toMatch(spelt);
    expect(generated.stderr).toMatch(unfollowed);
    const parsed = await runAttune(
      ["score", "--model", asking, "--input", "-", "--parse-special-tokens", "--json"],
      JSON.stringify({ prompt: `The${special!.content}`, completion: special!.content }),
    );
    expect(parsed.stderr).not.toMatch(spelt);
    expect(JSON.parse(parsed.stdout)).toMatchObject({ rows: [{ tokens: 1 }] });
    const told = await runAttune([...generate, "--repetition-penalty", "1.1"], JSON.stringify({ prompt: "The cat" }));
    expect(told.stderr).not.toMatch(/spells out|generation_config/);
  });
});

describe("attune train, merge, eval", () => {
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

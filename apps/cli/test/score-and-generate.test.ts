import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { attuneJson, runAttune, spawnAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny, writeLines } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
let model = "";

beforeAll(async () => {
  ({ model } = await pretrainTiny(folder));
}, 120_000);

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

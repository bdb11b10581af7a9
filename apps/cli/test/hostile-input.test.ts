// What somebody may hand to the command by mistake or malice: each ends soon, with one sentence, a hint and the exit code.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folder as tinyModel } from "@attune/model-tiny";
import { acquireLock } from "@attune/run-folder";
import { describe, expect, test } from "vitest";
import { runAttune, temporaryFolder } from "./attune.ts";
import { writeTexts } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
writeTexts(folder);

/** Runs a command that must fail; the lines that it prints. */
async function failure(...commandLine: string[]): Promise<{ code: number | null; error: string; hint: string }> {
  const { code, stdout, stderr } = await runAttune(commandLine);
  expect(stdout).toBe("");
  const lines = /^error: (.+)\nhint: (.+)\n$/.exec(stderr);
  expect(lines, stderr).not.toBeNull();
  return { code, error: lines![1]!, hint: lines![2]! };
}

const stats = (input: string) => failure("data", "stats", "--input", input);

describe("paths that are no files", () => {
  test("links in a circle, a name that is too long, an empty one, an empty folder", async () => {
    symlinkSync("two.jsonl", path("one.jsonl"));
    symlinkSync("one.jsonl", path("two.jsonl"));
    mkdirSync(path("nothing"));
    expect(await stats(path("one.jsonl"))).toMatchObject({
      code: 1,
      error: expect.stringMatching(/one\.jsonl, but its symbolic links lead in a circle\. \(INPUT_INVALID\)/),
    });
    const long = await stats(path(`${"a".repeat(5000)}.jsonl`));
    expect(long).toMatchObject({ code: 1, error: expect.stringMatching(/too long\. \(INPUT_INVALID\)/) });
    expect(long.error.length).toBeLessThan(300);
    expect(await stats("")).toMatchObject({ code: 2, error: expect.stringMatching(/\(OPTIONS_INVALID\)/) });
    expect(await stats(path("nothing"))).toMatchObject({ code: 1, hint: expect.stringMatching(/./) });
  });

  test.skipIf(process.platform === "win32")("a pipe to which nobody writes, and a device without an end", async () => {
    execFileSync("mkfifo", [path("pipe")]);
    const ways = [
      ["data", "stats", "--format", "jsonl", "--input"],
      ["data", "clean", "--output", path("clean"), "--format", "text", "--input"],
      ["config", "show"],
      ["tokenize", "--input", path("texts.jsonl"), "--tokenizer"],
    ];
    for (const way of ways) {
      for (const [input, found] of [
        [path("pipe"), "a pipe"],
        ["/dev/zero", "a device"],
      ] as const) {
        const { code, error } = await failure(...way, input);
        expect(code).toBe(1);
        expect(error).toMatch(new RegExp(`Expected a regular file at .*, but it is ${found}.*\\(INPUT_INVALID\\)`));
      }
    }
    for (const file of ["config.json", "model.safetensors", "tokenizer.json"]) {
      const model = copyOfTiny("piped");
      rmSync(join(model, file));
      symlinkSync(path("pipe"), join(model, file));
      const { code, error } = await failure("generate", "--model", model, "--prompt", "x");
      expect({ code, error }).toMatchObject({ code: 1, error: expect.stringContaining(`${file}, but it is a pipe`) });
    }
  });
});

describe("outputs", () => {
  test("merge takes the place of nothing but an earlier merge", async () => {
    writeFileSync(path("recipe.yaml"), "name: a\n");
    const trained = await runAttune([
      ...["train", "--model", tinyModel, "--data", path("texts.jsonl"), "--output", path("run"), "--threads", "1"],
      ...["--steps", "1", "--rows", "1", "--block-length", "32", "--rank", "1"],
    ]);
    expect(trained.code, trained.stderr).toBe(0);
    const model = copyOfTiny("base");
    const merge = (output: string) => [
      "merge",
      "--model",
      model,
      "--adapter",
      path("run", "adapter"),
      "--output",
      output,
    ];
    for (const [output, found] of [
      [path("recipe.yaml"), /recipe\.yaml is no folder\. \(FILE_EXISTS\)/],
      [path("run"), /run holds adapter\/.*, which Attune did not write\. \(FILE_EXISTS\)/],
      [model, /Expected another output than .*base, which is merged\. \(FILE_EXISTS\)/],
      [path("run", "adapter"), /Expected another output than .*adapter, which is merged\. \(FILE_EXISTS\)/],
    ] as const) {
      expect(await failure(...merge(output))).toMatchObject({ code: 1, error: expect.stringMatching(found) });
    }
    expect(await failure(...merge(""))).toMatchObject({
      code: 2,
      error: expect.stringMatching(/Expected a path in '--output <folder>', but it is empty\./),
    });
    expect(readFileSync(path("recipe.yaml"), "utf8")).toBe("name: a\n");
    for (let round = 0; round < 2; round++) expect((await runAttune(merge(path("merged")))).code).toBe(0);
  }, 60_000);

  test("a stage writes over neither its input nor files that no stage wrote, and goes on after a kill", async () => {
    const dedup = (input: string, output: string) => ["data", "dedup", "--input", input, "--output", output];
    mkdirSync(path("mine"));
    cpSync(path("texts.jsonl"), path("mine", "records.jsonl"));
    for (const input of [path("mine"), path("mine", "records.jsonl")]) {
      expect(await failure(...dedup(input, path("mine")))).toMatchObject({
        code: 2,
        error: "Expected --output to be another folder than --input. (OPTIONS_INVALID)",
      });
    }
    const foreign = /mine, but it holds records\.jsonl, which no stage wrote\. \(FILE_EXISTS\)/;
    expect(await failure(...dedup(path("texts.jsonl"), path("mine")))).toMatchObject({
      code: 1,
      error: expect.stringMatching(foreign),
    });
    expect(readFileSync(path("mine", "records.jsonl"))).toEqual(readFileSync(path("texts.jsonl")));
    mkdirSync(path("parts"));
    writeFileSync(path("parts", "test.jsonl"), "precious");
    expect(await failure("data", "split", "--input", path("texts.jsonl"), "--output", path("parts"))).toMatchObject({
      error: expect.stringMatching(/test\.jsonl, which no stage wrote/),
    });
    expect(readFileSync(path("parts", "test.jsonl"), "utf8")).toBe("precious");
    // What a kill between the records and the manifest leaves.
    const left = [".scratch.999999999-0123456789ab.tmp", "records.jsonl.999999999-0123456789ab.tmp"];
    mkdirSync(path("killed", left[0]!), { recursive: true });
    for (const name of ["records.jsonl", left[1]!]) writeFileSync(path("killed", name), "{}\n");
    for (let round = 0; round < 2; round++) {
      expect((await runAttune(dedup(path("texts.jsonl"), path("killed")))).code).toBe(0);
    }
    expect(readdirSync(path("killed")).sort()).toEqual(["manifest.json", "records.jsonl", "timings.json"]);
    expect((await runAttune(dedup(path("killed"), path("killed-again")))).code).toBe(0);
    const beside = ["one-file.jsonl.stage.999999999-0123456789ab.tmp", "other.jsonl.stage.999999999-0123456789ab.tmp"];
    for (const name of beside) mkdirSync(path("files", name), { recursive: true });
    expect((await runAttune(dedup(path("texts.jsonl"), path("files", "one-file.jsonl")))).code).toBe(0);
    expect(readdirSync(path("files")).sort()).toEqual(["one-file.jsonl", "one-file.manifest.json", beside[1]]);
  });
});

describe("two processes that write one output", () => {
  const dedup = (output: string) => ["data", "dedup", "--input", path("texts.jsonl"), "--output", output];

  test.each([
    ["a folder", () => path("held"), () => acquireLock(path("held"))],
    ["a file", () => path("held.jsonl"), () => acquireLock(path(""), "held.jsonl")],
  ])("%s: the second is refused, and free once the first is done", async (_, output, hold) => {
    const lock = await hold();
    try {
      expect(await failure(...dedup(output()))).toMatchObject({
        code: 1,
        error: expect.stringMatching(/to be free, but process \d+ .* \(RUN_LOCKED\)/),
      });
      expect((await runAttune(dedup(path("beside.jsonl")))).code).toBe(0);
    } finally {
      await lock.release();
    }
    expect((await runAttune(dedup(output()))).code).toBe(0);
    expect(readdirSync(path("")).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });
});

describe("streams that nobody reads", () => {
  test.skipIf(process.platform !== "linux")("a stderr that is closed or full stops no training", async () => {
    const bin = fileURLToPath(new URL("../bin/attune.js", import.meta.url));
    const command = (output: string) =>
      `${JSON.stringify(process.execPath)} --conditions=@attune/source ${bin} train --model ${tinyModel} --data ${path("texts.jsonl")} ` +
      `--output ${path(output)} --threads 1 --steps 12 --rows 1 --block-length 32 --rank 1 --progress bar`;
    const shell = (line: string) => execFileSync("bash", ["-c", line], { encoding: "utf8" });
    expect(shell(`(${command("unheard")} > ${path("heard")}) 2>&1 | head -c 1 | wc -c`).trim()).toBe("1");
    expect(readFileSync(path("heard"), "utf8")).toMatch(/written to /);
    expect(shell(`${command("full")} 2> /dev/full`)).toMatch(/written to /);
  });

  test.skipIf(process.platform !== "linux").each(["--help", "--version", "train --help", "recipes list"])(
    "%s tells of a stdout that is full",
    async (words) => {
      const bin = fileURLToPath(new URL("../bin/attune.js", import.meta.url));
      const line = `${JSON.stringify(process.execPath)} --conditions=@attune/source ${bin} ${words} 2>&1 > /dev/full; echo $?`;
      const said = execFileSync("bash", ["-c", line], { encoding: "utf8" });
      expect(said).toMatch(/^error: .* \(DISK_FULL\)\nhint: .+\n1\n$/);
    },
  );
});

describe("recipes", () => {
  const show = (text: string | Buffer) => {
    writeFileSync(path("hostile.yaml"), text);
    return failure("config", "show", path("hostile.yaml"));
  };

  test.each([
    ["data: &all { source: *all }\n", /hostile\.yaml:1:22: The alias \*all stands for a value that it is part of\./, 2],
    ["? [a, b]\n: 1\n", /hostile\.yaml:1:3: A key must be a name, not a list or keys with values\./, 2],
    ["name: a\n---\nname: b\n", /hostile\.yaml:2:1: Expected one document, but a line of --- begins another\./, 2],
    [Buffer.from("\ufeffname: a\n", "utf16le"), /Expected a recipe in UTF-8/, 2],
    [Buffer.from("name: h\u00e9\n", "latin1"), /Expected a recipe in UTF-8/, 2],
    [`name: ${"a".repeat(100_000)}\n`, /name: Expected letters.*…\. \(OPTIONS_INVALID\)$/, 2],
    [Buffer.alloc(2 ** 24 + 1, "#"), /at most 16777216 bytes.*\(FILE_UNSUPPORTED\)/, 1],
  ])("case %#", async (text, sentence, expected) => {
    const { code, error } = await show(text);
    expect(code).toBe(expected);
    expect(error).toMatch(sentence);
    expect(error.length).toBeLessThan(500);
  });

  test("more blocks than any model has, more threads than a machine can use", async () => {
    const architecture =
      "{ layers: 1e9, hiddenSize: 2, intermediateSize: 2, heads: 1, keyValueHeads: 1, headSize: 2, contextLength: 2 }";
    expect(await show(`architecture: ${architecture}\n`)).toMatchObject({
      code: 2,
      error: expect.stringMatching(/architecture\.layers.*1024/),
    });
    const generate = ["generate", "--model", tinyModel, "--prompt", "x", "--threads", "100000"];
    expect(await failure(...generate)).toMatchObject({
      code: 2,
      error: expect.stringMatching(/Expected `threads` to be an integer from 1 to \d+, got 100000\./),
    });
  });

  test.each([
    ["syntax.mjs", "export default [", /plugin .*syntax\.mjs could not be loaded/],
    ["throws.mjs", "throw new Error('no luck')", /could not be loaded: no luck\./],
    ["number.mjs", "export default 5", /to be a list of contract values/],
  ])("a plugin that is none: %s", async (name, text, sentence) => {
    writeFileSync(path(name), text);
    expect(await failure("plan", "mail", "--plugin", path(name))).toMatchObject({
      code: 2,
      error: expect.stringMatching(sentence),
    });
  });
});

describe("model folders", () => {
  test("a billion blocks are held against the weights before anything is listed, and nesting has an end", async () => {
    const model = copyOfTiny("blocks");
    const config = JSON.parse(readFileSync(join(model, "config.json"), "utf8")) as Record<string, unknown>;
    writeFileSync(join(model, "config.json"), JSON.stringify({ ...config, num_hidden_layers: 1e9 }));
    expect(await failure("generate", "--model", model, "--prompt", "x")).toMatchObject({
      code: 1,
      error: expect.stringMatching(/config\.json asks for 1000000000 blocks, .* hold \d+ tensors\. \(FILE_CORRUPT\)/),
    });
    const nested = `${'{"type":"Sequence","pretokenizers":['.repeat(20_000)}{"type":"ByteLevel"}${"]}".repeat(20_000)}`;
    writeFileSync(path("deep.json"), `{"model": {"type": "BPE"}, "pre_tokenizer": ${nested}}`);
    expect(await failure("tokenize", "--tokenizer", path("deep.json"), "--input", path("texts.jsonl"))).toMatchObject({
      code: 1,
      error: expect.stringMatching(/deep\.json: expected at most 100 values inside each other\. \(FILE_CORRUPT\)/),
    });
    writeFileSync(join(model, "config.json"), JSON.stringify({ ...config, hidden_size: "a".repeat(9999) }));
    const { error } = await failure("generate", "--model", model, "--prompt", "x");
    expect(error).toMatch(/"hidden_size" to be a whole number from 1, but received "a+…\. \(FILE_CORRUPT\)/);
    expect(error.length).toBeLessThan(400);
  });
});

function copyOfTiny(name: string): string {
  rmSync(path(name), { recursive: true, force: true });
  cpSync(tinyModel, path(name), { recursive: true });
  return path(name);
}

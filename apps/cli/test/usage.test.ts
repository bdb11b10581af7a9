import { describe, expect, test } from "vitest";
import { quotePath } from "../src/terminal/quote-path.ts";
import { verbs } from "../src/verbs/index.ts";
import { runAttune, spawnAttune } from "./attune.ts";

describe("paths in commands that are shown", () => {
  test.each([
    ["runs/first.yaml", "linux", "runs/first.yaml"],
    ["my runs/first.yaml", "linux", "'my runs/first.yaml'"],
    ["it's $HOME.yaml", "darwin", "'it'\\''s $HOME.yaml'"],
    ["C:\\runs\\first.yaml", "win32", "C:\\runs\\first.yaml"],
    ["C:\\my runs\\first.yaml", "win32", '"C:\\my runs\\first.yaml"'],
  ])("%s on %s can be pasted", (path, system, shown) => {
    expect(quotePath(path, system)).toBe(shown);
  });
});

describe("usage", () => {
  test.each(verbs.map((verb) => [verb.name, verb] as const))(
    "%s explains itself with an example",
    async (name, verb) => {
      const { code, stdout, stderr } = await runAttune([...name.split(" "), "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(verb.summary.split(" ").slice(0, 4).join(" "));
      for (const option of [
        "--json",
        "--quiet",
        "--verbose",
        "--progress <mode>",
        ...(verb.computes ? ["--seed", "--device", "--threads"] : []),
      ]) {
        expect(stdout).toContain(option);
      }
      expect(verb.examples.length).toBeGreaterThan(0);
      for (const example of verb.examples) {
        expect(stdout).toContain(`  $ ${example}`);
        expect(example).toMatch(new RegExp(`(^|\\| )attune ${name}`));
      }
    },
  );

  test("help lists every verb and exits 0; no verb is wrong usage", async () => {
    const help = await runAttune(["--help"]);
    expect(help.code).toBe(0);
    for (const { name } of verbs) expect(help.stdout).toMatch(new RegExp(`^ {2}${name.split(" ")[0]}`, "m"));
    const bare = await runAttune([]);
    expect(bare).toMatchObject({ code: 2, stdout: "" });
    expect(bare.stderr).toContain("Usage: attune");
  });

  test("help COMMAND is its --help", async () => {
    for (const words of [["run"], ["data"]]) {
      const { code, stdout } = await runAttune(["help", ...words]);
      expect(code).toBe(0);
      expect(stdout).toBe((await runAttune([...words, "--help"])).stdout);
    }
  });

  test("--version names this release, Node and the backends", async () => {
    const { code, stdout } = await spawnAttune(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^attune \d+\.\d+\.\d+\nnode 2\d\.\d+\.\d+ \(V8 .+\)\nbackends: cpu, webgpu\n$/);
  });

  test.each([
    [["tokenise"], "Unknown command 'tokenise'. (OPTIONS_INVALID)", "Did you mean tokenize?"],
    [["tokenize", "--tokeniser", "x"], "Unknown option '--tokeniser'. (OPTIONS_INVALID)", "Did you mean --tokenizer?"],
    [["tokenize", "--input", "x"], "Required option '--tokenizer <path>' not specified.", "--help"],
    [["data", "preview", "--input", "x", "--count", "0"], "Expected a whole number from 1.", "--help"],
    [["data", "preview", "--input", "x", "--count", "5e3"], "Expected a whole number from 1.", "--help"],
    [
      ["data", "dedup", "--input", "x", "--output", "y", "--threshold", "1.5"],
      "Expected a number above 0 and up to 1.",
      "--help",
    ],
    [
      ["data", "stats", "--input", "x", "--format", "parquet"],
      "Allowed choices are auto, jsonl, json, csv, text, mbox.",
      "--help",
    ],
    [["data", "stats", "--input", "x", "y"], "Too many arguments for 'stats'", "--help"],
    [["data", "stats"], "Expected either --input or --package. (OPTIONS_INVALID)", "--input mails.jsonl"],
    [["data", "stats", "--input", "x", "--columns", "text"], "Expected ROLE=COLUMN[,ROLE=COLUMN].", "--help"],
  ])("%j ends with 2 and says why", async (commandLine, sentence, hint) => {
    const { code, stdout, stderr } = await runAttune(commandLine);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .+ \([A-Z_]+\)\nhint: .+\n$/);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(hint);
  });

  test("an error has a stack only with --verbose or ATTUNE_DEBUG=1", async () => {
    const commandLine = ["data", "stats", "--input", "missing.jsonl"];
    const plain = await spawnAttune(commandLine);
    expect(plain).toMatchObject({ code: 1, stdout: "" });
    expect(plain.stderr).toMatch(/^error: .*missing\.jsonl.* \(FILE_NOT_FOUND\)\nhint: .+\n$/);
    for (const verbose of [
      await spawnAttune([...commandLine, "--verbose"]),
      await spawnAttune(commandLine, { environment: { ATTUNE_DEBUG: "1" } }),
    ]) {
      expect(verbose.stderr).toContain(plain.stderr);
      expect(verbose.stderr).toMatch(/\n\s+at .+\.ts/);
    }
  });

  test("colours go where they are wanted", async () => {
    const coloured = await spawnAttune(["tokenise"], { environment: { FORCE_COLOR: "1" } });
    expect(coloured.stderr).toContain("\u001b[31merror:");
    for (const environment of [{}, { FORCE_COLOR: "1", NO_COLOR: "1" }, { FORCE_COLOR: "0" }]) {
      expect((await spawnAttune(["tokenise"], { environment })).stderr).toMatch(/^error: /);
    }
    expect((await spawnAttune(["tokenise", "--no-color"], { environment: { FORCE_COLOR: "1" } })).stderr).toMatch(
      /^error: /,
    );
  });
});

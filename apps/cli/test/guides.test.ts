import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runAttune, temporaryFolder } from "./attune.ts";

const guides = new URL("../../../docs/guides/", import.meta.url);
const folder = temporaryFolder();
const before = process.cwd();

/** Makes the runs of the guides small. */
const environment = {
  ATTUNE_TRAINING_EPOCHS: "null",
  ATTUNE_TRAINING_STEPS: "2",
  ATTUNE_TRAINING_ROWS: "1",
  ATTUNE_TRAINING_BLOCK_LENGTH: "192",
  ATTUNE_TRAINING_EVALUATE_EVERY: "2",
  ATTUNE_EVALUATION_RESAMPLES: "100",
};

beforeAll(() => {
  process.chdir(folder);
  const words = ["badge", "invoice", "door", "refund", "garage", "payment", "floor", "card", "gate", "price"];
  const rows = Array.from({ length: 60 }, (_, index) => {
    const [first, second, third] = [1, 3, 7].map(
      (step) => words[(index * step + Math.floor(index / 10)) % words.length],
    );
    return `"Please help, the ${first} and then the ${second} near the ${third} gave me trouble ${index} times since May.",${index % 2 ? "billing" : "access"}`;
  });
  const tickets = rows.map((row, index) => `${row},K-${index >> 1}`);
  writeFileSync("tickets.csv", `body,queue,customer\n${tickets.join("\n")}\n`);
  mkdirSync("notes/deep", { recursive: true });
  for (let index = 0; index < 20; index++) {
    const place = index % 2 ? "deep/" : "";
    writeFileSync(
      `notes/${place}${index}.md`,
      rows
        .slice(3 * index, 3 * index + 3)
        .join("\n\n")
        .repeat(3),
    );
  }
});

afterAll(() => process.chdir(before));

// The guide for programs has no commands: packages/recipe runs its examples.
describe.each(readdirSync(guides).filter((name) => name !== "library.md"))("docs/guides/%s", (name) => {
  const blocks = [...readFileSync(new URL(name, guides), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  const lines = blocks.flatMap((match) => match[1]!.trim().split("\n"));

  test.each(lines)("%s", async (line) => {
    const { stdin, words, file } = parseLine(line);
    const { code, stdout, stderr } = await runAttune(words, stdin, environment);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trim()).not.toBe("");
    if (file !== undefined) writeFileSync(join(folder, file), stdout);
  });
});

/** `echo TEXT | attune ARGUMENTS > FILE`, with the quotes that a shell takes away. */
function parseLine(line: string): { stdin: string; words: string[]; file: string | undefined } {
  const [, echo, command, file] = /^(?:echo (.+?) \| )?attune (.+?)(?: > (\S+))?$/.exec(line) ?? [];
  if (command === undefined) throw new Error(`the guides run only attune, but here is: ${line}`);
  const unquote = (text: string) => text.replace(/^(['"])(.*)\1$/s, "$2");
  const words = command.match(/"[^"]*"|'[^']*'|\S+/g)!.map(unquote);
  return { stdin: echo === undefined ? "" : `${unquote(echo)}\n`, words, file };
}

// The recipes for public data sets, in small: every stage on a few rows of the real files.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folder as tiny } from "@attune/model-tiny";
import { resolveRecipe } from "@attune/recipe";
import bpe from "@attune/tokenizer-bpe";
import { loadTokenizer } from "@attune/tokenizer-core";
import { describe, expect, test } from "vitest";
import { recipes } from "../src/recipes.generated.ts";
import { attuneJson, temporaryFolder } from "./attune.ts";

const data = process.env["ATTUNE_TEST_DATA"] ?? "";
const folder = temporaryFolder();
const small = ["training.epochs=null", "training.steps=2", "training.replay=null", "evaluation.resamples=100"];
const inSmall = (...more: string[]) => [...small, ...more].flatMap((setting) => ["--set", setting]);

test("each intent of banking77 is said by one token of attune:tiny, and no two by the same", async () => {
  const { config } = await resolveRecipe({ file: "banking77.yaml", text: recipes["banking77"]!, environment: {} });
  const tokenizer = await loadTokenizer(tiny, bpe);
  const said = Object.values(config.template.completions!).map((word) => tokenizer.encode(word).ids);
  expect(said).toHaveLength(77);
  expect(said.filter(({ length }) => length !== 1)).toEqual([]);
  expect(new Set(said.map(([id]) => id)).size).toBe(77);
});

describe.skipIf(data === "")("on real files", () => {
  test("banking77 learns and is judged on every intent", async () => {
    const run = await attuneJson<{ table: { rows: { id: string; n: number }[] }; training: { steps: number } }>([
      "run",
      "banking77",
      "--data",
      join(data, "banking77", "train.csv"),
      "--columns",
      "text=text,label=category",
      "--output",
      join(folder, "banking77"),
      ...inSmall("data.limits.trainPerLabel=2", "data.limits.test=20", "evaluation.baselines=[majority]"),
    ]);
    expect(run.training.steps).toBe(2);
    expect(run.table.rows.map(({ id, n }) => [id, n])).toEqual([
      ["majority", 20],
      ["base", 20],
      ["adapted", 20],
    ]);
    const [first] = readFileSync(join(folder, "banking77", "eval", "adapted.jsonl"), "utf8").split("\n");
    expect(Object.keys((JSON.parse(first!) as { logprobs: object }).logprobs)).toHaveLength(77);
  }, 120_000);

  test("e2e learns and is judged by what it writes", async () => {
    const run = await attuneJson<{ table: { columns: { id: string }[]; rows: { id: string }[] } }>([
      "run",
      "e2e",
      "--data",
      join(data, "e2e", "devset.csv"),
      "--columns",
      "prompt=mr,completion=ref",
      "--output",
      join(folder, "e2e"),
      ...inSmall("data.limits.train=40", "data.limits.test=6", "evaluation.maxNewTokens=8"),
    ]);
    expect(run.table.rows.map(({ id }) => id)).toEqual(["base", "adapted"]);
    expect(run.table.columns.map(({ id }) => id)).toContain("slotCoverage");
  }, 120_000);
});

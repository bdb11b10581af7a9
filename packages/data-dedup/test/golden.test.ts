import { join } from "node:path";
import { collect, fileSource, type TextNormalisation } from "@attune/data-core";
import { describe, expect, it } from "vitest";
import { findDuplicates } from "../src/index.ts";

const folder = process.env["ATTUNE_TEST_DATA"];

/** Rows that repeat an earlier one. */
async function repeated(texts: readonly string[], normalisation: TextNormalisation): Promise<number[]> {
  return (await findDuplicates(texts, { near: false, normalisation })).flatMap((members) => members.slice(1));
}

describe.skipIf(!folder)("exact duplicates of public sets (needs ATTUNE_TEST_DATA)", () => {
  const read = async (path: string, columns?: object) =>
    (await collect(fileSource({ path: join(folder!, path), ...(columns ? { columns } : {}) }).open())).map(
      (each) => each.text,
    );

  it.each([
    ["none", 0, 0],
    ["trim-lowercase", 4, 6],
    ["alphanumeric", 31, 25],
  ] as const)("banking77 with %s: %i in train, %i test rows also in train", async (normalisation, inTrain, inBoth) => {
    const columns = { text: "text", label: "category" };
    const train = await read("banking77/train.csv", columns);
    const test = await read("banking77/test.csv", columns);
    expect([train.length, test.length]).toEqual([10_003, 3080]);
    expect(await repeated(train, normalisation)).toHaveLength(inTrain);
    const sets = await findDuplicates([...train, ...test], { near: false, normalisation });
    const leaked = sets
      .filter((members) => members[0]! < train.length)
      .flatMap((members) => members.filter((index) => index >= train.length));
    expect(leaked).toHaveLength(inBoth);
  });

  it.each([
    ["instruct/alpaca_en_demo.json", 999, 14],
    ["instruct/alpaca_zh_demo.json", 1000, 8],
  ])("%s: %i rows, %i repeated prompts", async (path, rows, duplicates) => {
    const prompts = (await collect(fileSource({ path: join(folder!, path) }).open())).map(
      (each) => (each.metadata!["content"] as { prompt: string }).prompt,
    );
    expect([prompts.length, (await repeated(prompts, "none")).length]).toEqual([rows, duplicates]);
  });
});

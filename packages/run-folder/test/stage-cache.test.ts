import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canonicalJson, createStageCache, hashBytes, hashFile, hashJson, runFolderLayout } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

function countingProducer(content: string): { calls: number; produce: (folder: string) => Promise<void> } {
  const producer = {
    calls: 0,
    async produce(folder: string) {
      producer.calls += 1;
      await writeFile(join(folder, "out.jsonl"), content);
    },
  };
  return producer;
}

test("an entry is produced once per key, whatever the order of the key's fields", async () => {
  const cache = createStageCache(join(temporaryFolder(), "cache"));
  const producer = countingProducer("rows");
  const first = await cache.getOrCreate({ stage: "clean", options: { a: 1, b: [2] } }, producer.produce);
  const again = await cache.getOrCreate({ options: { b: [2], a: 1 }, stage: "clean" }, producer.produce);
  const other = await cache.getOrCreate({ stage: "clean", options: { a: 2, b: [2] } }, producer.produce);
  expect([first.status, again.status, other.status, producer.calls]).toEqual(["created", "found", "created", 2]);
  expect(again.folder).toBe(first.folder);
  expect(other.folder).not.toBe(first.folder);
  expect(readFileSync(join(first.folder, "out.jsonl"), "utf8")).toBe("rows");
});

test("a producer that fails leaves no entry, and its error passes unchanged", async () => {
  const cache = createStageCache(temporaryFolder());
  const failure = new Error("bad row");
  const failing = cache.getOrCreate("key", async (folder) => {
    await writeFile(join(folder, "half"), "");
    throw failure;
  });
  await expect(failing).rejects.toBe(failure);
  expect(readdirSync(cache.folder)).toEqual([]);
});

test.each([
  ["changed", (folder: string) => writeFileSync(join(folder, "out.jsonl"), "rOws")],
  ["cut off", (folder: string) => writeFileSync(join(folder, "out.jsonl"), "")],
  ["incomplete", (folder: string) => rmSync(join(folder, "out.jsonl"))],
  ["without a manifest", (folder: string) => rmSync(join(folder, "files.json"))],
  ["redirected by a link", (folder: string) => symlinkSync("/etc/hostname", join(folder, "link"))],
])("an entry that was %s is never used but produced again", async (_name, damage) => {
  const cache = createStageCache(temporaryFolder());
  const producer = countingProducer("rows");
  const { folder } = await cache.getOrCreate("key", producer.produce);
  damage(folder);
  const repaired = await cache.getOrCreate("key", producer.produce);
  expect(repaired).toMatchObject({ folder, status: "repaired" });
  expect(readFileSync(join(folder, "out.jsonl"), "utf8")).toBe("rows");
  expect(readdirSync(folder).sort()).toEqual(["files.json", "out.jsonl"]);
});

test("two that produce one key at once end with one complete entry", async () => {
  const cache = createStageCache(temporaryFolder());
  const producer = countingProducer("rows");
  const entries = await Promise.all([0, 1, 2].map(() => cache.getOrCreate("key", producer.produce)));
  expect(new Set(entries.map((entry) => entry.folder)).size).toBe(1);
  expect(producer.calls).toBe(3);
  expect(readdirSync(cache.folder)).toEqual([entries[0]!.hash]);
  expect((await cache.getOrCreate("key", producer.produce)).status).toBe("found");
});

test("hashes are SHA-256 of bytes, files and canonical JSON", async () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(hashBytes("abc")).toBe(abc);
  expect(hashBytes(new Uint8Array([97, 98, 99]))).toBe(abc);
  const path = join(temporaryFolder(), "a");
  writeFileSync(path, "abc");
  expect(await hashFile(path)).toBe(abc);
  await expect(hashFile(`${path}b`)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  expect(canonicalJson({ b: [1, { d: null, c: "ž" }], a: true })).toBe('{"a":true,"b":[1,{"c":"ž","d":null}]}');
  expect(hashJson({ a: 1, b: 2 })).toBe(hashBytes('{"a":1,"b":2}'));
});

test.each([[Number.NaN], [[Number.POSITIVE_INFINITY]], [{ a: new Date(0) }], [{ a: { b: () => 1 } }], [[undefined]]])(
  "a value that JSON would change is refused: %s",
  (value) => {
    expect(() => canonicalJson(value as never)).toThrow(expect.objectContaining({ code: "OPTIONS_INVALID" }));
  },
);

test("the layout knows every path of a run and refuses stage names that leave the folder", () => {
  const layout = runFolderLayout("runs/one");
  expect(layout.config).toBe(join("runs/one", "config.resolved.yaml"));
  expect(layout.data("clean")).toEqual({
    folder: join("runs/one", "data", "clean"),
    manifest: join("runs/one", "data", "clean", "manifest.json"),
  });
  expect(layout.evaluation("after")).toBe(join("runs/one", "eval", "after.jsonl"));
  for (const stage of ["", "..", "a/b", "a\\b", ".hidden", "x".repeat(101)]) {
    expect(() => layout.data(stage)).toThrow(expect.objectContaining({ code: "OPTIONS_INVALID" }));
    expect(() => layout.evaluation(stage)).toThrow(expect.objectContaining({ code: "OPTIONS_INVALID" }));
  }
});

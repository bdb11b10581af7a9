import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonValue } from "@attune/spec";
import { expect, test } from "vitest";
import { appendJsonLines, type ReadJsonLinesOptions, readJsonLines, truncateJsonLines } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function read(path: string, options?: ReadJsonLinesOptions): Promise<JsonValue[]> {
  const values: JsonValue[] = [];
  for await (const { value } of readJsonLines(path, options)) values.push(value);
  return values;
}

function fileWith(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), "a.jsonl");
  writeFileSync(path, content);
  return path;
}

test("appending creates the file, keeps the order without awaiting, and goes on after reopening", async () => {
  const path = join(temporaryFolder(), "metrics.jsonl");
  const writer = await appendJsonLines(path);
  await Promise.all([1, 2, 3].map((step) => writer.append({ step })));
  await writer.close();
  await writer.close();
  const second = await appendJsonLines(path);
  await second.append("žlutý\nkůň");
  await second.sync();
  await second.close();
  expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n{"step":3}\n"žlutý\\nkůň"\n');
});

test.each([
  ["after records", '{"a":1}\n{"a":2', '{"a":1}\n'],
  ["alone", '{"a":', ""],
  ["longer than a block", `1\n"${"x".repeat(200_000)}`, "1\n"],
])("a torn last line %s is cut off before appending", async (_name, content, kept) => {
  const path = fileWith(content);
  const writer = await appendJsonLines(path);
  await writer.append({ a: 3 });
  await writer.close();
  expect(readFileSync(path, "utf8")).toBe(`${kept}{"a":3}\n`);
});

test("reading gives values, lines and byte ends; empty lines, CRLF, BOM and a missing last line feed are fine", async () => {
  const path = fileWith('\uFEFF{"a":"ž"}\r\n\n  \n[2]\n3');
  const rows = [];
  for await (const row of readJsonLines(path)) rows.push(row);
  expect(rows).toEqual([
    { value: { a: "ž" }, line: 1, end: 15 },
    { value: [2], line: 4, end: 23 },
    { value: 3, line: 5, end: 24 },
  ]);
  expect(await read(path, { ignoreTornEnd: true })).toEqual([{ a: "ž" }, [2]]);
  expect(await read(fileWith(""))).toEqual([]);
});

test("lines that cross read blocks are put together", async () => {
  const values = Array.from({ length: 40 }, (_, index) => `${index}-${"é".repeat(index * 1500)}`);
  expect(await read(fileWith(values.map((value) => `${JSON.stringify(value)}\n`).join("")))).toEqual(values);
});

test.each([
  ["no JSON", '1\n{"a":}\n3\n', 2],
  ["no UTF-8", Buffer.from([0x31, 0x0a, 0x22, 0xc3, 0x22, 0x0a]), 2],
  ["a torn end that is not expected", "1\n2\n[", 3],
])("%s is an error with file and line", async (_name, content, line) => {
  const path = fileWith(content);
  await expect(read(path)).rejects.toMatchObject({ code: "FILE_CORRUPT", details: { file: path, line } });
});

test("a line over the limit and a missing file are errors", async () => {
  const path = fileWith(`1\n"${"x".repeat(100)}"\n`);
  await expect(read(path, { maxLineBytes: 100 })).rejects.toMatchObject({
    code: "FILE_UNSUPPORTED",
    details: { file: path, line: 2 },
  });
  expect(await read(path, { maxLineBytes: 102 })).toHaveLength(2);
  await expect(read(join(path, "..", "none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});

test("cutting back to a number of records or to a condition", async () => {
  const content = [1, 2, 3, 4].map((step) => `{"step":${step}}\n`).join("");
  const path = fileWith(`${content}{"ste`);
  expect(await truncateJsonLines(path, 10)).toEqual({ kept: 4, removedBytes: 5 });
  expect(readFileSync(path, "utf8")).toBe(content);
  expect(await truncateJsonLines(path, (value) => (value as { step: number }).step <= 2)).toEqual({
    kept: 2,
    removedBytes: 22,
  });
  expect(await truncateJsonLines(path, 1)).toEqual({ kept: 1, removedBytes: 11 });
  expect(readFileSync(path, "utf8")).toBe('{"step":1}\n');
  expect(await truncateJsonLines(path, 0)).toEqual({ kept: 0, removedBytes: 11 });
  expect(readFileSync(path).length).toBe(0);
});

test("cutting back a missing file does nothing; a damaged record before the cut is refused", async () => {
  const missing = join(temporaryFolder(), "none.jsonl");
  expect(await truncateJsonLines(missing, 3)).toEqual({ kept: 0, removedBytes: 0 });
  expect(existsSync(missing)).toBe(false);
  const path = fileWith("1\nx\n3\n");
  await expect(truncateJsonLines(path, 3)).rejects.toMatchObject({ code: "FILE_CORRUPT", details: { line: 2 } });
  appendFileSync(path, "4\n");
  expect(await truncateJsonLines(path, (value) => value !== 1)).toEqual({ kept: 0, removedBytes: 8 });
});

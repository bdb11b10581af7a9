import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { canMountSmallDisks, mountSmallDisk } from "../../../tooling/vitest/small-disk.ts";
import {
  appendJsonLines,
  createStageCache,
  readJson,
  replaceFolder,
  writeFileAtomic,
  writeJsonAtomic,
} from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets the disk take `space` bytes in all and then fail like a full one. */
async function fillDiskAfter(space: number): Promise<void> {
  const handle = await open(process.execPath, "r");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  let left = space;
  type Write = (this: FileHandle, bytes: Uint8Array, start?: number, length?: number) => Promise<unknown>;
  const write = prototype.write as Write;
  const limited: Write = async function (bytes, start = 0, length = bytes.length - start) {
    if (left === 0) {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    }
    const accepted = Math.min(left, length);
    left -= accepted;
    return await write.call(this, bytes, start, accepted);
  };
  vi.spyOn(prototype, "write").mockImplementation(limited as FileHandle["write"]);
}

test("content is text, bytes or pieces, and replaces what was there", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "file");
  await writeFileAtomic(path, "žluťoučký 🐎");
  expect(readFileSync(path, "utf8")).toBe("žluťoučký 🐎");
  await writeFileAtomic(path, new Uint8Array([0, 255, 10]));
  expect([...readFileSync(path)]).toEqual([0, 255, 10]);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const value of [1, 2, 3]) yield new Uint8Array([value, value]);
  }
  await writeFileAtomic(path, pieces());
  expect([...readFileSync(path)]).toEqual([1, 1, 2, 2, 3, 3]);
  await writeFileAtomic(path, "");
  expect(readFileSync(path).length).toBe(0);
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("readers at work see the old or the new content, never a part", async () => {
  const path = join(temporaryFolder(), "file");
  const contents = ["a".repeat(300_000), "b".repeat(200_000)];
  await writeFileAtomic(path, contents[0]!);
  let writing = true;
  const writer = (async () => {
    for (let turn = 1; turn <= 40; turn++) await writeFileAtomic(path, contents[turn % 2]!);
    writing = false;
  })();
  let reads = 0;
  while (writing) {
    expect(contents.includes(readFileSync(path, "utf8"))).toBe(true);
    reads += 1;
    await new Promise(setImmediate);
  }
  await writer;
  expect(reads).toBeGreaterThan(0);
});

test("a disk that fills up in the middle keeps the old file and leaves nothing behind", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "file");
  await writeFileAtomic(path, "old");
  await fillDiskAfter(1000);
  await expect(writeFileAtomic(path, "x".repeat(5000))).rejects.toMatchObject({
    code: "DISK_FULL",
    message: `There is no space left on the disk to write (${path}).`,
    hint: expect.stringContaining("Free some space"),
    details: { file: path },
  });
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["file"]);
});

test.skipIf(process.platform !== "linux")(
  "a line that the disk refuses is DISK_FULL (needs /dev/full, Linux)",
  async () => {
    const path = join(temporaryFolder(), "metrics.jsonl");
    symlinkSync("/dev/full", path);
    const writer = await appendJsonLines(path);
    await expect(writer.append({ step: 1 })).rejects.toMatchObject({ code: "DISK_FULL", details: { file: path } });
  },
);

test.skipIf(!canMountSmallDisks())(
  "a real full disk: file, checkpoint and cache keep the old state (needs root to mount tmpfs)",
  async () => {
    const disk = temporaryFolder();
    mountSmallDisk(disk, 128);
    const path = join(disk, "file");
    const checkpoint = join(disk, "checkpoint");
    await writeFileAtomic(path, "old");
    await replaceFolder(checkpoint, (folder) => writeFile(join(folder, "a"), "old"));
    const before = readdirSync(disk).sort();
    const big = "x".repeat(300_000);
    const full = expect.objectContaining({ code: "DISK_FULL" });
    await expect(writeFileAtomic(path, big)).rejects.toEqual(full);
    await expect(replaceFolder(checkpoint, (folder) => writeFile(join(folder, "a"), big))).rejects.toEqual(full);
    const cache = createStageCache(join(disk, "cache"));
    await expect(cache.getOrCreate("key", (folder) => writeFile(join(folder, "a"), big))).rejects.toEqual(full);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readFileSync(join(checkpoint, "a"), "utf8")).toBe("old");
    expect(readdirSync(join(disk, "cache"))).toEqual([]);
    expect(readdirSync(disk).sort()).toEqual([...before, "cache"].sort());
  },
);

test("a missing folder and a folder in the way are named", async () => {
  const folder = temporaryFolder();
  const missing = join(folder, "no", "file");
  await expect(writeFileAtomic(missing, "")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  mkdirSync(join(folder, "taken"));
  await expect(writeFileAtomic(join(folder, "taken"), "")).rejects.toMatchObject({ code: "FILE_EXISTS" });
  expect(readdirSync(folder)).toEqual(["taken"]);
});

test.skipIf(process.platform === "win32")("a pipe is not replaced, and a link stays", async () => {
  const folder = temporaryFolder();
  const [pipe, file, link] = ["pipe", "file", "link"].map((name) => join(folder, name)) as [string, string, string];
  execFileSync("mkfifo", [pipe]);
  await expect(writeFileAtomic(pipe, "new")).rejects.toMatchObject({ code: "FILE_EXISTS" });
  expect(lstatSync(pipe).isFIFO()).toBe(true);
  writeFileSync(file, "old");
  symlinkSync(file, link);
  await writeFileAtomic(link, "new");
  expect([readFileSync(file, "utf8"), lstatSync(link).isSymbolicLink()]).toEqual(["new", true]);
  expect(readdirSync(folder).sort()).toEqual(["file", "link", "pipe"]);
});

test("JSON files: round trip, and every kind of bad file named", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "a.json");
  const value = { text: "ü", list: [1, null, { deep: true }], number: 0.1 };
  await writeJsonAtomic(path, value);
  expect(await readJson(path)).toEqual(value);
  expect(readFileSync(path, "utf8").endsWith("}\n")).toBe(true);
  writeFileSync(path, '\uFEFF{"a":1}');
  expect(await readJson(path)).toEqual({ a: 1 });
  await expect(readJson(path, { maxBytes: 5 })).rejects.toMatchObject({
    code: "FILE_UNSUPPORTED",
    details: { file: path },
  });
  for (const bytes of [Buffer.from('{"a":'), Buffer.from([0x22, 0xff, 0x22]), Buffer.alloc(0)]) {
    writeFileSync(path, bytes);
    await expect(readJson(path)).rejects.toMatchObject({ code: "FILE_CORRUPT", details: { file: path } });
  }
  await expect(readJson(join(folder, "none.json"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(readJson(folder)).rejects.toMatchObject({ code: "INPUT_INVALID" });
});

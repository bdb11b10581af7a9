import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { acquireLock, removeTemporaryFiles } from "../src/index.ts";
import { processStart } from "../src/process-identity.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const program = fileURLToPath(new URL("./run-lock-program.ts", import.meta.url));

function startHolder(folder: string, milliseconds: number): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=@attune/source", program, folder, `${milliseconds}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout?.on("data", (data) => {
    output += data;
  });
  await once(child, "close");
  return output.trim().replaceAll("\n", " ");
}

function locksIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".lock"));
}

function writeLock(folder: string, holder: unknown): string {
  const file = join(folder, "run.999-0123456789ab.lock");
  writeFileSync(file, JSON.stringify(holder));
  return file;
}

const self = { pid: process.pid, hostname: hostname(), startedAt: "2026-01-01T00:00:00.000Z" };

test("a lock is taken, refused to a second run in the same process, and free after release", async () => {
  const folder = join(temporaryFolder(), "new", "run");
  const lock = await acquireLock(folder);
  expect(JSON.parse(readFileSync(lock.file, "utf8"))).toMatchObject({ pid: process.pid, hostname: hostname() });
  await expect(acquireLock(folder)).rejects.toMatchObject({
    code: "RUN_LOCKED",
    message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
    hint: expect.stringContaining(lock.file),
    details: { file: lock.file, pid: process.pid },
  });
  expect(locksIn(folder)).toHaveLength(1);
  await lock.release();
  await lock.release();
  expect(locksIn(folder)).toEqual([]);
  await (await acquireLock(folder)).release();
});

test("a lock of one name in a folder keeps others from that name alone", async () => {
  const folder = temporaryFolder();
  const lock = await acquireLock(folder, "mails.jsonl");
  await expect(acquireLock(folder, "mails.jsonl")).rejects.toMatchObject({
    code: "RUN_LOCKED",
    message: expect.stringContaining(join(folder, "mails.jsonl")),
  });
  for (const other of ["mails", "mailsXjsonl", "run"]) await (await acquireLock(folder, other)).release();
  await lock.release();
  await (await acquireLock(folder, "mails.jsonl")).release();
  expect(locksIn(folder)).toEqual([]);
});

test("a living second run is refused by pid, and a killed one gives way", async () => {
  const folder = temporaryFolder();
  const holder = startHolder(folder, 60_000);
  await once(holder.stdout!, "data");
  await expect(acquireLock(folder)).rejects.toMatchObject({ code: "RUN_LOCKED", details: { pid: holder.pid } });
  holder.kill("SIGKILL");
  await once(holder, "close");
  expect(locksIn(folder)).toHaveLength(1);
  const lock = await acquireLock(folder);
  expect(locksIn(folder)).toEqual([lock.file.slice(folder.length + 1)]);
  await lock.release();
});

test("of runs that start at the same moment on a killed run's folder, no two are ever inside", async () => {
  const folder = temporaryFolder();
  writeLock(folder, { ...self, pid: 2 ** 22 + 1, processStart: null });
  const outputs = await Promise.all([0, 1, 2, 3, 4].map(() => outputOf(startHolder(folder, 120))));
  for (const output of outputs) expect(["locked alone", "RUN_LOCKED"]).toContain(output);
  expect(outputs).toContain("locked alone");
  expect(locksIn(folder)).toEqual([]);
});

test.skipIf(process.platform !== "linux")(
  "a later process with the same pid is not the holder (start times, Linux)",
  async () => {
    const folder = temporaryFolder();
    expect(processStart(process.pid)).toMatch(/^[0-9a-f-]{36}\/\d+$/);
    writeLock(folder, { ...self, processStart: "another-boot/1" });
    await (await acquireLock(folder)).release();
    writeLock(folder, { ...self, processStart: processStart(process.pid) ?? null });
    await expect(acquireLock(folder)).rejects.toMatchObject({ code: "RUN_LOCKED" });
  },
);

test("a lock of another host is respected, one that cannot be read is an error", async () => {
  const folder = temporaryFolder();
  const file = writeLock(folder, { ...self, hostname: "elsewhere", pid: 1, processStart: null });
  await expect(acquireLock(folder)).rejects.toMatchObject({ code: "RUN_LOCKED", details: { hostname: "elsewhere" } });
  for (const content of [null, [], { ...self, pid: -1, processStart: null }, { pid: 1 }]) {
    writeLock(folder, content);
    await expect(acquireLock(folder)).rejects.toMatchObject({ code: "FILE_CORRUPT", details: { file } });
  }
  expect(locksIn(folder)).toHaveLength(1);
});

test("temporary files of processes that are gone are removed, everything else stays", async () => {
  const folder = temporaryFolder();
  const gone = join(folder, `a.json.${2 ** 22 + 1}-0123456789ab.tmp`);
  const alive = join(folder, `a.json.${process.pid}-0123456789ab.tmp`);
  const other = join(folder, "notes.tmp");
  for (const path of [gone, alive, other]) writeFileSync(path, "");
  expect(await removeTemporaryFiles(folder)).toEqual([gone]);
  expect(readdirSync(folder).sort()).toEqual([alive, other].map((path) => path.slice(folder.length + 1)).sort());
});

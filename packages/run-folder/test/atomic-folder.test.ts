import { spawn } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { assertReplaceable, openFolder, recoverFolder, replaceFolder } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const killPoints = fileURLToPath(new URL("../../../tooling/vitest/kill-points.ts", import.meta.url));
const program = fileURLToPath(new URL("./replace-folder-program.ts", import.meta.url));

interface ProgramResult {
  readonly signal: string | null;
  /** Last generation that the program reported. */
  readonly reported: number;
  /** Calls that change the file system. */
  readonly calls: number;
}

function runProgram(
  folder: string,
  first: number,
  last: number,
  killAt?: number,
  killAfter?: number,
): Promise<ProgramResult> {
  const env = { ...process.env, NODE_NO_WARNINGS: "1", ...(killAt === undefined ? {} : { KILL_AT: String(killAt) }) };
  const conditions = "--conditions=@attune/source";
  const child = spawn(process.execPath, [conditions, "--import", killPoints, program, folder, `${first}`, `${last}`], {
    env,
  });
  let [output, errors] = ["", ""];
  child.stderr.on("data", (data) => {
    errors += data;
  });
  child.stdout.on("data", (data) => {
    if (output === "" && killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
    output += data;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal !== "SIGKILL" && code !== 0) reject(new Error(errors));
      const reported = output.trim().split("\n").at(-1) || "0";
      resolve({ signal, reported: Number(reported), calls: Number(/calls (\d+)/.exec(errors)?.[1]) });
    });
  });
}

/** Recovers the folder, checks that it is one complete generation with nothing beside it, and returns which. */
async function generationOf(folder: string): Promise<number> {
  expect(await openFolder(folder)).toBe(folder);
  const { generation } = JSON.parse(readFileSync(join(folder, "step.json"), "utf8")) as { generation: number };
  expect(readFileSync(join(folder, "optimizer", "state.bin")).equals(Buffer.alloc(20_000, generation))).toBe(true);
  expect(readdirSync(join(folder, ".."))).toEqual(["checkpoint"]);
  return generation;
}

async function fill(folder: string, content: string): Promise<void> {
  await writeFile(join(folder, "a.txt"), content);
}

test("kill -9 before every single file-system call of a replacement leaves the old or the new folder complete", async () => {
  const complete = await runProgram(join(temporaryFolder(), "checkpoint"), 1, 2);
  expect(complete).toMatchObject({ signal: null, reported: 2 });
  expect(complete.calls).toBeGreaterThan(30);
  const survivors = new Set<number>();
  const instants = Array.from({ length: complete.calls }, (_, index) => index + 1);
  const attempt = async (): Promise<void> => {
    for (let killAt = instants.pop(); killAt !== undefined; killAt = instants.pop()) {
      const folder = join(temporaryFolder(), "checkpoint");
      const { signal, reported } = await runProgram(folder, 1, 2, killAt);
      expect(signal).toBe("SIGKILL");
      if (reported === 0 && !(await recoverFolder(folder))) continue;
      const generation = await generationOf(folder);
      expect(generation).toBeGreaterThanOrEqual(reported);
      survivors.add(generation);
    }
  };
  await Promise.all([attempt(), attempt()]);
  expect([...survivors].sort()).toEqual([1, 2]);
}, 120_000);

test("kill -9 at instants of a clock, again and again on one folder, never loses a reported generation", async () => {
  const folder = join(temporaryFolder(), "checkpoint");
  let latest = 0;
  for (let round = 0; round < 8; round++) {
    const { reported } = await runProgram(folder, latest + 1, latest + 10_000, undefined, (round * 7) % 40);
    const generation = await generationOf(folder);
    expect(generation).toBeGreaterThanOrEqual(Math.max(latest, reported));
    latest = generation % 200;
  }
  expect(latest).toBeGreaterThan(0);
}, 120_000);

test("a replacement has exactly the new files, and a build that throws leaves the old ones", async () => {
  const folder = join(temporaryFolder(), "checkpoint");
  expect(await openFolder(folder)).toBeUndefined();
  await replaceFolder(folder, (temporary) => fill(temporary, "old"));
  const failure = new Error("out of ideas");
  const failing = replaceFolder(folder, async (temporary) => {
    await fill(temporary, "half");
    throw failure;
  });
  await expect(failing).rejects.toBe(failure);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("old");
  await replaceFolder(folder, (temporary) => writeFile(join(temporary, "b.txt"), "new"));
  expect(readdirSync(folder).sort()).toEqual(["b.txt", "files.json"]);
  expect(readdirSync(join(folder, ".."))).toEqual(["checkpoint"]);
});

test("nothing is replaced that somebody else put there: a file, a folder without manifest, a file that was added", async () => {
  const root = temporaryFolder();
  const folder = join(root, "model");
  const refused = async (name: string): Promise<void> => {
    const built = replaceFolder(folder, () => Promise.reject(new Error("built nevertheless")));
    await expect(built).rejects.toMatchObject({ code: "FILE_EXISTS", message: expect.stringContaining(name) });
    await expect(assertReplaceable(folder)).rejects.toMatchObject({ code: "FILE_EXISTS" });
  };
  writeFileSync(folder, "rows");
  await refused("model is no folder");
  expect(readFileSync(folder, "utf8")).toBe("rows");
  rmSync(folder);
  mkdirSync(folder);
  await assertReplaceable(folder);
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "weights.bin"), "x");
  await refused("deep/weights.bin");
  rmSync(folder, { recursive: true });
  await replaceFolder(folder, (temporary) => fill(temporary, "ours"));
  await assertReplaceable(folder);
  writeFileSync(join(folder, "notes.md"), "mine");
  await refused("notes.md");
  expect(readFileSync(join(folder, "notes.md"), "utf8")).toBe("mine");
  expect(readdirSync(root)).toEqual(["model"]);
});

test("a copy called model.previous or model.next is left alone", async () => {
  const root = temporaryFolder();
  for (const name of ["model.previous", "model.next"]) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "a.txt"), name);
  }
  for (const content of ["first", "second"])
    await replaceFolder(join(root, "model"), (temporary) => fill(temporary, content));
  expect(readFileSync(join(root, "model", "a.txt"), "utf8")).toBe("second");
  expect(readdirSync(root).sort()).toEqual(["model", "model.next", "model.previous"]);
  expect(readFileSync(join(root, "model.previous", "a.txt"), "utf8")).toBe("model.previous");
});

test("recovery can itself be interrupted at each of its steps", async () => {
  const root = temporaryFolder();
  const folder = join(root, "checkpoint");
  await replaceFolder(folder, (temporary) => fill(temporary, "new"));
  renameSync(folder, `${folder}.attune-next`);
  mkdirSync(`${folder}.attune-previous`);
  writeFileSync(join(`${folder}.attune-previous`, "half-removed"), "");
  expect(await recoverFolder(folder)).toBe(true);
  expect(readdirSync(root)).toEqual(["checkpoint"]);
  renameSync(folder, `${folder}.attune-previous`);
  expect(await openFolder(folder)).toBe(folder);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("new");
});

test.each([
  [
    "a changed byte",
    (folder: string) => writeFileSync(join(folder, "a.txt"), "nEw"),
    "a.txt has other bytes than were written",
  ],
  ["a truncated file", (folder: string) => writeFileSync(join(folder, "a.txt"), "n"), "a.txt has 1 bytes instead of 3"],
  ["a missing file", (folder: string) => rmSync(join(folder, "a.txt")), "a.txt is missing"],
  ["an added file", (folder: string) => writeFileSync(join(folder, "b.txt"), ""), "b.txt is not listed there"],
  ["a missing manifest", (folder: string) => rmSync(join(folder, "files.json")), "files.json is missing"],
  [
    "a truncated manifest",
    (folder: string) => writeFileSync(join(folder, "files.json"), '{"version":1'),
    "Expected JSON in",
  ],
  [
    "a foreign manifest",
    (folder: string) => writeFileSync(join(folder, "files.json"), "[]"),
    "is no manifest of version 1",
  ],
  [
    "a manifest without hashes",
    (folder: string) => writeFileSync(join(folder, "files.json"), '{"version":1,"files":{"a.txt":5}}'),
    "has no size and hash of a.txt",
  ],
])("a folder with %s is refused with the reason", async (_name, damage, reason) => {
  const folder = join(temporaryFolder(), "checkpoint");
  await replaceFolder(folder, (temporary) => fill(temporary, "new"));
  damage(folder);
  await expect(openFolder(folder)).rejects.toMatchObject({
    code: "FILE_CORRUPT",
    message: expect.stringContaining(reason),
  });
});

test("folders above it are made", async () => {
  const folder = join(temporaryFolder(), "run", "data", "replay");
  await replaceFolder(folder, (temporary) => fill(temporary, "new"));
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("new");
});

test("a link to a folder stays, and what it leads to is replaced", async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, "disk"));
  symlinkSync(join(root, "disk"), join(root, "link"));
  for (const content of ["old", "new"]) {
    await replaceFolder(join(root, "link"), (temporary) => fill(temporary, content));
    expect(readFileSync(join(root, "disk", "a.txt"), "utf8")).toBe(content);
    expect(lstatSync(join(root, "link")).isSymbolicLink()).toBe(true);
    expect(readdirSync(root).sort()).toEqual(["disk", "link"]);
  }
  expect(await openFolder(join(root, "link"))).toBe(join(root, "disk"));
});

// What a search keeps for later processes, and all that makes it try anew. `runProbe` is counted: a search that took what was kept
// started no child.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProbe, userCacheFile } from "@attune/run-folder";
import type { JsonObject } from "@attune/spec";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findNativeBlas } from "../src/index.ts";
import { describeFile, filesNamed } from "../src/library-files.ts";
import { probeEntry } from "../src/probe-cache.ts";
import { compileLibrary, multiplying, signature } from "./compile-library.ts";
import { openblas, withoutOpenblas } from "./system-blas.ts";

vi.mock("@attune/run-folder", async (original) => {
  const real = await original<{ runProbe: typeof runProbe }>();
  return { ...real, runProbe: vi.fn(real.runProbe) };
});
const children = (): number => vi.mocked(runProbe).mock.calls.length;

const libraries = mkdtempSync(join(tmpdir(), "attune-libraries-"));
const right = compileLibrary(libraries, "right", `${signature} { ${multiplying} }`);
const wrong = compileLibrary(libraries, "wrong", `${signature} { c[0] = 7; }`);
const crashing = compileLibrary(
  libraries,
  "crashing",
  `${signature} {} __attribute__((constructor)) static void start(void) { *(volatile int *)0 = 1; }`,
);
const crashingAtTheEnd = compileLibrary(
  libraries,
  "ending",
  `${signature} { ${multiplying} } __attribute__((destructor)) static void end(void) { *(volatile int *)0 = 1; }`,
);
const withoutCompiler = right && process.platform === "linux" ? "" : " (skipped without Linux and a C compiler)";

let cache: string;
/** A library that a test may change, at a path of its own. */
let library: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "attune-probe-"));
  library = join(cache, "library.so");
  if (right) copyFileSync(right, library);
  cache = join(cache, "cache");
  vi.mocked(runProbe).mockClear();
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(join(cache, ".."), { recursive: true });
});
afterAll(() => rmSync(libraries, { recursive: true }));

const search = (name: string = library) => findNativeBlas({ library: name, cache });
const entry = (name: string = library): string => userCacheFile(probeEntry(cache, [name]));
const kept = (): string[] => {
  try {
    return readdirSync(cache);
  } catch {
    return [];
  }
};

describe.skipIf(withoutCompiler)(`a library that was found${withoutCompiler}`, () => {
  it("is opened by later searches without a child, to the same answer", async () => {
    const first = await search();
    expect(first).toMatchObject({ library: { path: library, id: "blas-unknown" }, failures: [] });
    expect(await search()).toEqual(first);
    expect(await search()).toEqual(first);
    expect(children()).toBe(1);
    expect(await findNativeBlas({ library, cache: false })).toEqual(first);
    expect(children()).toBe(2);
  });

  it("is kept with the files that were mapped for it", async () => {
    const { files } = await search();
    expect(files.map(({ path }) => path)).toContain(realpathSync(library));
    expect(kept()).toHaveLength(1);
  });

  it.each([
    ["was touched", () => utimesSync(library, 1, 1)],
    ["has another size", () => truncateSync(library, 2 ** 20)],
  ])("is tried anew where its file %s", async (_, change) => {
    await search();
    change();
    expect((await search()).library?.path).toBe(library);
    expect(children()).toBe(2);
    await search();
    expect(children()).toBe(2);
  });

  it.each([
    ["removed", () => rmSync(library), /cannot open/],
    ["replaced by one that multiplies wrongly", () => replace(wrong!), /came out wrong/],
    ["replaced by one that crashes", () => replace(crashing!), /ended its process/],
  ])("is no longer used where it was %s", async (_, change, reason) => {
    await search();
    change();
    for (let repeat = 0; repeat < 2; repeat++) {
      const { library: found, failures } = await search();
      expect(found).toBeUndefined();
      expect(failures).toEqual([{ path: library, reason: expect.stringMatching(reason) }]);
    }
    expect(children()).toBe(3);
  });

  it("is tried anew where a link to it leads elsewhere", async () => {
    const link = join(libraries, "link.so");
    symlinkSync(library, link);
    await search(link);
    await search(link);
    expect(children()).toBe(1);
    symlinkSync(wrong!, `${link}.new`);
    renameSync(`${link}.new`, link);
    expect((await search(link)).library).toBeUndefined();
    expect(children()).toBe(2);
  });

  it("is tried anew under other variables that steer the loader or the library", async () => {
    await search();
    vi.stubEnv("OPENBLAS_CORETYPE", "Nehalem");
    await search();
    expect(children()).toBe(2);
    vi.stubEnv("ATTUNE_OTHER", "1");
    await search();
    expect(children()).toBe(2);
  });

  it("is tried anew where this process cannot open it as its child did", async () => {
    vi.stubEnv("LD_LIBRARY_PATH", join(library, ".."));
    for (let repeat = 0; repeat < 2; repeat++) expect((await search("library.so")).library?.path).toBe("library.so");
    expect(children()).toBe(2);
    expect(kept()).toHaveLength(1);
  });
});

function replace(by: string): void {
  copyFileSync(by, `${library}.new`);
  renameSync(`${library}.new`, library);
}

describe.skipIf(withoutCompiler)(`what is not kept${withoutCompiler}`, () => {
  it("is a library that is not there, one that crashes, and one that is wrong", async () => {
    for (const name of [join(libraries, "absent.so"), "libabsent.so.9", crashing!, wrong!]) await search(name);
    expect(kept()).toEqual([]);
  });

  it("is a library that ends its process when that is over", async () => {
    expect((await search(crashingAtTheEnd!)).library?.path).toBe(crashingAtTheEnd);
    expect(kept()).toEqual([]);
  });

  it("is anything where the folder cannot be written", async () => {
    writeFileSync(cache, "");
    for (let repeat = 0; repeat < 2; repeat++) expect((await search()).library?.path).toBe(library);
    expect(children()).toBe(2);
    rmSync(cache);
    mkdirSync(entry(), { recursive: true });
    expect((await search()).library?.path).toBe(library);
    expect(children()).toBe(3);
  });
});

describe.skipIf(withoutCompiler)(`a file in the cache${withoutCompiler}`, () => {
  const changed = (change: (value: JsonObject) => unknown) => (text: string) => {
    const { key, value } = JSON.parse(text) as { key: JsonObject; value: JsonObject };
    return JSON.stringify({ key, value: change(value) });
  };
  const rekeyed = (change: JsonObject) => (text: string) => {
    const { key, value } = JSON.parse(text) as { key: JsonObject; value: JsonObject };
    return JSON.stringify({ key: { ...key, ...change }, value });
  };
  const file = { path: "/lib/x.so", size: 1, modified: 1 };

  it.each([
    ["is empty", () => ""],
    ["is cut off", (text: string) => text.slice(0, text.length / 2)],
    ["is far too large", (text: string) => text + " ".repeat(2 ** 17)],
    ["holds no object", changed(() => 7)],
    ["holds null", changed(() => null)],
    ["holds a list", changed((value) => [value])],
    ["was made by another Node", rekeyed({ node: "1.0.0" })],
    ["was made on another processor", rekeyed({ processor: "other" })],
    ["names a library that was not asked for", changed((value) => ({ ...value, name: crashing! }))],
    ["names none", changed((value) => ({ ...value, name: 7 }))],
    ["names code that is none", changed((value) => ({ ...value, coreType: "Z80" }))],
    ["has no files", changed((value) => ({ ...value, files: [] }))],
    ["has files that are none", changed((value) => ({ ...value, files: { length: 1, 0: file } }))],
    ["has a file without a size", changed((value) => ({ ...value, files: [{ ...file, size: "1" }] }))],
    ["has a file without a time", changed((value) => ({ ...value, files: [{ ...file, modified: null }] }))],
    ["has a path with a zero byte", changed((value) => ({ ...value, files: [{ ...file, path: "/lib/\0" }] }))],
    ["has a path without end", changed((value) => ({ ...value, files: [{ ...file, path: "/x".repeat(4000) }] }))],
    ["has more files than any library", changed((value) => ({ ...value, files: Array(300).fill(file) }))],
    ["has files of another library", changed((value) => ({ ...value, files: [file] }))],
    ["has failures that are none", changed((value) => ({ ...value, failures: "none" }))],
    ["has failures of what was not tried", changed((value) => ({ ...value, failures: [{ path: "x", reason: "y" }] }))],
  ])("that %s is passed over and replaced", async (_, damage) => {
    const first = await search();
    const whole = readFileSync(entry(), "utf8");
    writeFileSync(entry(), damage(whole));
    expect(await search()).toEqual(first);
    expect(children()).toBe(2);
    expect(readFileSync(entry(), "utf8")).toBe(whole);
  });
});

describe.skipIf(withoutOpenblas)(`names without a folder${withoutOpenblas}`, () => {
  it("are kept with the file that the loader found for them", async () => {
    const first = await search("libopenblas.so.0");
    expect(first.library).toEqual(openblas.library);
    expect(filesNamed("libopenblas.so.0").some((path) => first.files.some((file) => file.path === path))).toBe(true);
    const tried = children();
    expect(await search("libopenblas.so.0")).toEqual(first);
    expect(children()).toBe(tried);
  });

  it.skipIf(withoutCompiler)("are tried anew where a better one has come to be", async () => {
    const folder = join(library, "..", "path");
    mkdirSync(folder);
    vi.stubEnv("LD_LIBRARY_PATH", folder);
    const first = await findNativeBlas({ cache });
    const tried = children();
    expect(await findNativeBlas({ cache })).toEqual(first);
    expect(children()).toBe(tried);
    copyFileSync(crashing!, join(folder, "libmkl_rt.so.2"));
    const { library: found, failures } = await findNativeBlas({ cache });
    expect(found).toEqual(first.library);
    expect(failures[0]).toEqual({ path: "libmkl_rt.so.2", reason: expect.stringMatching(/ended its process/) });
    expect(children()).toBeGreaterThan(tried + 1);
  });

  it("are not kept where the loader opened none of the files that have them", async () => {
    const real = vi.mocked(runProbe).getMockImplementation()!;
    const files = [describeFile(process.execPath)];
    vi.mocked(runProbe).mockImplementation((module, options) =>
      real(module, { ...options, onLine: (line) => options.onLine("files" in line ? { ...line, files } : line) }),
    );
    try {
      expect((await search("libopenblas.so.0")).files).toEqual(files);
      expect(kept()).toEqual([]);
    } finally {
      vi.mocked(runProbe).mockImplementation(real);
    }
  });

  it("are not kept where the system does not tell what it opened", async () => {
    const platform = vi.spyOn(process, "platform", "get").mockReturnValue("win32");
    try {
      expect((await search("libopenblas.so.0")).library).toEqual(openblas.library);
      expect(kept()).toEqual([]);
    } finally {
      platform.mockRestore();
    }
  });
});

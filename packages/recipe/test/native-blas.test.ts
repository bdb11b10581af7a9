// A native library in recipes: found where its package is installed, part of a run's numerics class, kept on resume.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeUserCache } from "@attune/run-folder";
import { AttuneError } from "@attune/spec";
import { createRuntime } from "@attune/tensor-core";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ratesEntry } from "../src/toolbox/blas-rates.ts";
import { findBlas } from "../src/toolbox/find-blas.ts";
import { assertSameNumerics, numericsOf, readNumerics } from "../src/toolbox/numerics-class.ts";
import { chooseBlas, openCpu } from "../src/toolbox/open-cpu.ts";

const empty = mkdtempSync(join(tmpdir(), "attune-without-blas-"));
const folder = mkdtempSync(join(tmpdir(), "attune-blas-"));
mkdirSync(join(folder, "node_modules/@attune"), { recursive: true });
symlinkSync(
  join(import.meta.dirname, "../../blas-native"),
  join(folder, "node_modules/@attune/blas-native"),
  "junction",
);
const cache = mkdtempSync(join(tmpdir(), "attune-blas-cache-"));
afterAll(() => {
  for (const each of [empty, folder, cache]) rmSync(each, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv("ATTUNE_BLAS", undefined);
  vi.stubEnv("XDG_CACHE_HOME", cache);
});

const library = "libopenblas.so.0";
const found = await findBlas(folder, library).catch((error: unknown) => error as AttuneError);
const without = found instanceof AttuneError ? ` (skipped without libopenblas0-pthread: ${found.message})` : "";

async function numericsOn(options: Omit<Parameters<typeof openCpu>[0], "threads">): Promise<readonly string[]> {
  const runtime = createRuntime({ backend: await openCpu({ threads: 1, ...options }) });
  await runtime.dispose();
  return numericsOf(runtime.backend.capabilities);
}

describe("the native library of the device cpu", () => {
  it("is none where the package is not installed, and an error where one is named", () => {
    // In a process without NODE_PATH, by which pnpm shows every package of this repository to every other.
    const script = `import { findBlas } from ${JSON.stringify(new URL("../src/toolbox/find-blas.ts", import.meta.url).href)};
      const named = findBlas(".", ${JSON.stringify(library)}).catch(({ code }) => code);
      console.log(JSON.stringify([await findBlas(".", undefined), await named]));`;
    const { stdout } = spawnSync(
      process.execPath,
      ["--conditions=@attune/source", "--input-type=module", "--eval", script],
      { cwd: empty, env: { ...process.env, NODE_PATH: "" }, encoding: "utf8" },
    );
    expect(JSON.parse(stdout)).toEqual([
      {
        files: [],
        failures: [],
        named: false,
        installed: false,
        reason: "the package @attune/blas-native is not installed",
      },
      "DEPENDENCY_MISSING",
    ]);
  });

  it("is none where ATTUNE_BLAS is off, and an error where it names one that does not load", async () => {
    vi.stubEnv("ATTUNE_BLAS", "off");
    expect(await chooseBlas(folder)).toMatchObject({ use: false, reason: "ATTUNE_BLAS is off" });
    vi.stubEnv("ATTUNE_BLAS", join(empty, "absent.so"));
    await expect(chooseBlas(folder)).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      details: { key: "ATTUNE_BLAS" },
    });
  });

  it.skipIf(without)(`is measured beside WebAssembly, and used unmeasured where it is named${without}`, async () => {
    vi.stubEnv("ATTUNE_BLAS", library);
    const { rates, use, provider } = await chooseBlas(folder);
    expect(use).toBe(true);
    expect(rates!.native).toBeGreaterThan(0);
    expect(rates!.wasm).toBeGreaterThan(0);
    expect(await numericsOn({ directory: folder })).toContain(`gemm:${provider!.id}`);
  });

  it.skipIf(without)(`is the same, and as fast, when it was kept${without}`, async () => {
    vi.stubEnv("ATTUNE_BLAS", library);
    vi.stubEnv("XDG_CACHE_HOME", mkdtempSync(join(cache, "own-")));
    const [first, second, third] = [await chooseBlas(folder), await chooseBlas(folder), await chooseBlas(folder)];
    // A machine that is too busy to settle keeps nothing, and measures again.
    if (first.rates!.settled) expect(second).toEqual({ ...first, cached: true });
    expect(third.provider).toEqual(first.provider);
    expect(third.use).toBe(first.use);
  });

  it.skipIf(without).each([
    [104, false, "it is 1.04 times as fast as WebAssembly, and 1.1 decides"],
    [120, true, "it is 1.20 times as fast as WebAssembly, and 1.1 decides"],
  ])(`multiplies where it is clearly faster: at %d to 100 %j${without}`, async (native, use, because) => {
    vi.stubEnv("XDG_CACHE_HOME", mkdtempSync(join(cache, "own-")));
    const { provider, files } = await findBlas(folder, undefined);
    writeUserCache(ratesEntry({ provider: provider!, files, wide: false }), { native, wasm: 100, tile: "6x2" });
    expect(await chooseBlas(folder, false)).toMatchObject({ use, because, cached: true });
  });

  it.skipIf(without)(`is told with what is wrong with better ones${without}`, async () => {
    const better = mkdtempSync(join(cache, "path-"));
    writeFileSync(join(better, "libmkl_rt.so.2"), "no library");
    vi.stubEnv("LD_LIBRARY_PATH", better);
    const { failures, because, rates, use } = await chooseBlas(folder);
    expect(failures).toEqual([{ path: "libmkl_rt.so.2", reason: expect.stringMatching(/too short|invalid ELF/) }]);
    expect(because).toMatch(/^it is \d+\.\d\d times as fast as WebAssembly, and 1\.1 decides$/);
    expect(use).toBe(rates!.native / rates!.wasm > 1.1);
  });

  it.skipIf(without)(`is the one that a run was begun with, or none${without}`, async () => {
    vi.stubEnv("ATTUNE_BLAS", library);
    const id = (await findBlas(folder, library)).provider!.id;
    const begun = ["fma", `gemm:${id}`];
    expect(await numericsOn({ directory: folder, numerics: begun })).toEqual(begun);
    expect(await numericsOn({ directory: folder, numerics: ["fma"] })).toEqual(["fma"]);
    const other = openCpu({ threads: 1, directory: folder, numerics: ["fma", "gemm:openblas-0.0.1-z80"] });
    await expect(other).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringContaining("openblas-0.0.1-z80"),
    });
    vi.stubEnv("ATTUNE_BLAS", "off");
    await expect(openCpu({ threads: 1, directory: folder, numerics: begun })).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
    });
  });
});

describe("the numerics class of a run", () => {
  it("leaves out what changes the speed only", () => {
    expect(numericsOf({ features: new Set(["simd256", "tile:6x4", "gemm:plain", "fma"]) } as never)).toEqual([
      "fma",
      "gemm:plain",
    ]);
  });

  it("is read from environment.json; nothing where a run was stopped before", async () => {
    const file = join(empty, "environment.json");
    expect(await readNumerics(file)).toBeUndefined();
    writeFileSync(file, JSON.stringify({ numerics: ["fma"] }));
    expect(await readNumerics(file)).toEqual(["fma"]);
  });

  it("must be the same on resume", () => {
    assertSameNumerics(["fma"], ["fma"], "environment.json");
    expect(() => assertSameNumerics(["fma", "gemm:a"], ["fma"], "environment.json")).toThrow(
      expect.objectContaining({ code: "RUN_MISMATCH", message: expect.stringContaining("fma + gemm:a") }),
    );
  });
});

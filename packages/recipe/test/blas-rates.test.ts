// How fast a native library is, kept between processes: what makes it measured anew, and what is never kept.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GemmRates, measureGemm } from "@attune/backend-cpu";
import { userCacheFile } from "@attune/run-folder";
import type { JsonObject } from "@attune/spec";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { knownRates, type RatedLibrary, ratesEntry } from "../src/toolbox/blas-rates.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-rates-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const library: RatedLibrary = {
  provider: { id: "openblas-1", module: "none", options: {} },
  files: [{ path: "/lib/libopenblas.so", size: 1, modified: 2 }],
  wide: true,
};
const measured: GemmRates = { native: 20, wasm: 10.5, tile: "6x4", settled: true };
const measuring = (rates: GemmRates = measured) => vi.fn<typeof measureGemm>(async () => rates);

describe("the rates of a native library", () => {
  it("hold for one release of Attune, whose kernels they were measured beside", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as JsonObject;
    expect(ratesEntry(library).key).toMatchObject({ attune: version, wide: true, library: "openblas-1" });
  });

  it("are measured once, and then those that were kept", async () => {
    const measure = measuring();
    expect(await knownRates(library, measure)).toEqual({ rates: measured, cached: false });
    expect(await knownRates(library, measure)).toEqual({ rates: measured, cached: true });
    expect(measure.mock.calls).toEqual([[library.provider, { wide: true }]]);
  });

  it.each<[string, Partial<RatedLibrary>]>([
    ["other files", { files: [{ path: "/lib/libopenblas.so", size: 1, modified: 3 }] }],
    ["another width", { wide: false }],
    ["another name", { provider: { ...library.provider, id: "openblas-2" } }],
  ])("are measured for themselves with %s", async (_, other) => {
    const measure = measuring();
    await knownRates(library, measure);
    expect((await knownRates({ ...library, ...other }, measure)).cached).toBe(false);
    expect(measure).toHaveBeenCalledTimes(2);
  });

  it.each<[string, RatedLibrary, GemmRates]>([
    ["the machine was too busy", library, { ...measured, settled: false }],
    ["its files are not known", { ...library, files: [] }, measured],
  ])("are not kept where %s", async (_, unknown, rates) => {
    const measure = measuring(rates);
    for (let start = 0; start < 2; start++)
      expect(await knownRates(unknown, measure)).toEqual({ rates, cached: false });
    expect(measure).toHaveBeenCalledTimes(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, (value: JsonObject) => unknown]>([
    ["null", () => null],
    ["a list", (value) => [value]],
    ["a rate that is no number", (value) => ({ ...value, native: "20" })],
    ["a rate of zero", (value) => ({ ...value, wasm: 0 })],
    ["a rate below zero", (value) => ({ ...value, native: -1 })],
    ["a rate that is too high", (value) => ({ ...value, native: 1e9 })],
    ["no tile", ({ native, wasm }) => ({ native, wasm })],
    ["a tile that is none", (value) => ({ ...value, tile: "6x4\n" })],
  ])("are measured anew where the file holds %s", async (_, damage) => {
    const measure = measuring();
    await knownRates(library, measure);
    const file = userCacheFile(ratesEntry(library));
    const whole = readFileSync(file, "utf8");
    const { key, value } = JSON.parse(whole) as { key: JsonObject; value: JsonObject };
    writeFileSync(file, JSON.stringify({ key, value: damage(value) }));
    expect(await knownRates(library, measure)).toEqual({ rates: measured, cached: false });
    expect(readFileSync(file, "utf8")).toBe(whole);
  });
});

// What is timed until V8 has optimised it must be new to V8, which keeps optimised code by the bytes of a module.
import { afterEach, describe, expect, it, vi } from "vitest";
import { has256Bits, measureGemm } from "../src/index.ts";
import { tileFamily } from "../src/kernels/product/tile-family.ts";
import { measureTiles } from "../src/tuning/measure-tiles.ts";

afterEach(() => vi.unstubAllGlobals());

/** The bytes of all modules that a measurement compiles, as text. */
async function modulesOf(measure: () => unknown): Promise<string[]> {
  const modules: string[] = [];
  const { Module } = WebAssembly;
  class Watched extends Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      super(bytes);
      modules.push(Buffer.from(bytes).toString("base64"));
    }
  }
  vi.stubGlobal("WebAssembly", Object.assign(Object.create(WebAssembly), { Module: Watched }));
  await measure();
  vi.unstubAllGlobals();
  return modules;
}

const still = { id: "still", module: new URL("still-gemm.ts", import.meta.url).href, options: {} };

describe("a measurement", () => {
  it.each<[string, () => unknown]>([
    ["of 256 bits", () => has256Bits()],
    ["of register tiles", () => measureTiles(tileFamily(false).slice(0, 1), { relaxedSimd: true, trials: 1 })],
    ["of a native library", () => measureGemm(still, { wide: false, tileCache: false })],
  ])("%s compiles no module twice", async (_, measure) => {
    const modules = [...(await modulesOf(measure)), ...(await modulesOf(measure))];
    expect(modules.length).toBeGreaterThan(1);
    expect(new Set(modules).size).toBe(modules.length);
  });
});

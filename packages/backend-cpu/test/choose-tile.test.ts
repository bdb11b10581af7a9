import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { userCacheFile } from "@attune/run-folder";
import { linearOp, type OpDef, tensorType } from "@attune/tensor-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCpuBackend, measureGemm } from "../src/index.ts";
import { type TileSize, tileFamily, tileFeature, tileName } from "../src/kernels/product/tile-family.ts";
import { chooseTile } from "../src/tuning/choose-tile.ts";
import { measureTiles } from "../src/tuning/measure-tiles.ts";
import { readTile, tuningEntry, tuningKey, writeTile } from "../src/tuning/tile-cache.ts";
import { runOp } from "./run-kernel.ts";

/** Set by a test whose outcome must not depend on what is fast on this machine. */
const measured = vi.hoisted((): { instead: typeof measureTiles | undefined } => ({ instead: undefined }));
vi.mock("../src/tuning/measure-tiles.ts", async (original) => {
  const real = await original<{ measureTiles: typeof measureTiles }>();
  const measure: typeof measureTiles = (...given) => (measured.instead ?? real.measureTiles)(...given);
  return { ...real, measureTiles: measure };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-tile-"));
});
afterEach(() => {
  measured.instead = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A measurement in which `best` wins, and which counts how often it was asked for all tiles. */
function fakeMeasure(best: string, exact: (name: string) => boolean = () => true, optimised = true) {
  const asked: string[][] = [];
  const measure = (tiles: readonly TileSize[]) => {
    asked.push(tiles.map(tileName));
    return tiles.map((tile) => ({
      tile,
      rate: tileName(tile) === best ? 2 : 1,
      exact: exact(tileName(tile)),
      optimised,
    }));
  };
  return { asked, measure };
}

const options = (measure: typeof measureTiles, wide = false) => ({ wide, relaxedSimd: true, folder, measure });
const narrowKey = tuningKey(false, true);
const fileOf = (key: typeof narrowKey): string => userCacheFile(tuningEntry(folder, key));

describe("chooseTile", () => {
  it("measures once, and then takes what it kept", () => {
    const { asked, measure } = fakeMeasure("4x2");
    expect(tileName(chooseTile(options(measure)))).toBe("4x2");
    expect(tileName(chooseTile(options(measure)))).toBe("4x2");
    expect(asked).toEqual([tileFamily(false).map(tileName), ["4x2", "2x4"]]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("takes the best guess, when it was kept, without measuring", () => {
    const { asked, measure } = fakeMeasure("2x4");
    for (let start = 0; start < 2; start++) expect(tileName(chooseTile(options(measure)))).toBe("2x4");
    expect(asked).toHaveLength(1);
  });

  it("drops a kept tile that the best guess clearly beats, unless V8 has not optimised both", () => {
    writeTile(folder, tuningKey(true, true), { rows: 6, vectors: 2 });
    const unsure = fakeMeasure("6x4", () => true, false);
    expect(tileName(chooseTile(options(unsure.measure, true)))).toBe("6x2");
    const { asked, measure } = fakeMeasure("6x4");
    expect(tileName(chooseTile(options(measure, true)))).toBe("6x4");
    expect(asked[0]).toEqual(["6x2", "6x4"]);
    expect(tileName(readTile(folder, tuningKey(true, true))!)).toBe("6x4");
  });

  it("takes the best guess that is exact, and keeps nothing, where V8 has not optimised all", () => {
    const { measure } = fakeMeasure("6x2", (name) => name !== "6x4", false);
    expect(tileName(chooseTile(options(measure, true)))).toBe("4x4");
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["no JSON", "{"],
    ["another shape", "[1]"],
    ["null", "null"],
    ["an unknown tile", JSON.stringify({ key: narrowKey, value: "9x9" })],
    ["another engine", JSON.stringify({ key: { ...narrowKey, node: "1.0.0" }, value: "6x2" })],
    ["another processor", JSON.stringify({ key: { ...narrowKey, processor: "other" }, value: "6x2" })],
  ])("measures anew where the file holds %s, and replaces it", (_, text) => {
    writeFileSync(fileOf(narrowKey), text);
    const { asked, measure } = fakeMeasure("4x2");
    expect(tileName(chooseTile(options(measure)))).toBe("4x2");
    expect(asked).toHaveLength(1);
    expect(tileName(readTile(folder, narrowKey)!)).toBe("4x2");
  });

  it("goes on where nothing can be kept", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { asked, measure } = fakeMeasure("6x2");
    for (const blocked of [file, join(file, "below")])
      expect(tileName(chooseTile({ ...options(measure), folder: blocked }))).toBe("6x2");
    expect(asked).toHaveLength(2);
    mkdirSync(fileOf(narrowKey));
    expect(tileName(chooseTile(options(measure)))).toBe("6x2");
    expect(readdirSync(folder).sort()).toEqual([fileOf(narrowKey).split("/").at(-1), "file"].sort());
  });

  it("keeps choices apart by width and by multiply-add", () => {
    const files = [false, true].flatMap((wide) =>
      [false, true].map((relaxedSimd) => fileOf(tuningKey(wide, relaxedSimd))),
    );
    expect(new Set(files).size).toBe(4);
  });

  it("passes over a tile that multiplies wrongly, and checks a kept one at 256 bits", () => {
    const { measure } = fakeMeasure("6x4", (name) => name !== "6x4");
    expect(tileName(chooseTile(options(measure, true)))).not.toBe("6x4");
    writeTile(folder, tuningKey(true, true), { rows: 6, vectors: 4 });
    expect(tileName(chooseTile(options(measure, true)))).not.toBe("6x4");
  });

  it("checks 256 bits where no tile is kept either, and measures nothing at 128", async () => {
    const { asked, measure } = fakeMeasure("6x4", () => false);
    measured.instead = measure;
    const create = (wide: boolean) => createCpuBackend({ threads: 1, wide, tileCache: false });
    expect(() => create(true)).toThrow(
      expect.objectContaining({ code: "DEVICE_UNAVAILABLE", hint: expect.stringContaining("revectorize") }),
    );
    expect(asked).toEqual([[tileName(tileFamily(true)[0]!)]]);
    await create(false).dispose();
    expect(asked).toHaveLength(1);
  });

  it("refuses an engine on which none multiplies rightly", () => {
    const { measure } = fakeMeasure("6x4", () => false);
    expect(() => chooseTile(options(measure, true))).toThrow(
      expect.objectContaining({ code: "DEVICE_UNAVAILABLE", hint: expect.stringContaining("revectorize") }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("lets processes that begin at once choose, and leaves one whole file", async () => {
    const script = fileURLToPath(new URL("choose-tile-process.ts", import.meta.url));
    const begin = String(Date.now() + 1500);
    const run = () =>
      promisify(execFile)(process.execPath, ["--conditions=@attune/source", "--no-warnings", script, folder, begin]);
    const names = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(names).toContain(tileName(readTile(folder, narrowKey)!));
    expect(JSON.parse(readFileSync(fileOf(narrowKey), "utf8"))).toMatchObject({ key: narrowKey });
  }, 60_000);
});

describe("measureGemm", () => {
  it("times WebAssembly with the tile that was chosen, and the best guess only where nothing is tuned", async () => {
    const module = new URL("still-gemm.ts", import.meta.url).href;
    const provider = { id: "still", module, options: {} };
    const tiles = tileFamily(false);
    writeTile(folder, narrowKey, tiles[2]!);
    measured.instead = fakeMeasure(tileName(tiles[2]!)).measure;
    const chosen = await measureGemm(provider, { wide: false, tileCache: folder });
    expect(chosen.tile).toBe(tileName(tiles[2]!));
    expect(chosen.wasm).toBeGreaterThan(0);
    expect((await measureGemm(provider, { wide: false, tileCache: false })).tile).toBe(tileName(tiles[0]!));
  }, 60_000);
});

describe("measureTiles", () => {
  it.each([
    [false, "i32", false],
    [true, "i32", false],
    [false, "i64", false],
    [true, "i64", true],
  ] as const)(
    "finds every tile exact and gives it a rate (wide family: %s, %s addresses, near memory: %s)",
    (...options) => {
      const [wide, addressType, nearMemory] = options;
      const code = { relaxedSimd: true, addressType, nearMemory, trials: 2 };
      for (const { rate, exact } of measureTiles(tileFamily(wide), code)) {
        expect(exact).toBe(true);
        expect(rate).toBeGreaterThan(0);
      }
    },
  );
});

describe("the tile of a backend", () => {
  it("is the one that was kept", async () => {
    const guess = tileFamily(true)[0]!;
    writeTile(folder, tuningKey(true, true), guess);
    const backend = createCpuBackend({ threads: 1, wide: true, tileCache: folder });
    expect(backend.capabilities.features).toContain(tileFeature(guess));
    await backend.dispose();
  });

  it("is another one at 64-bit addresses, whose code is not fused", async () => {
    const [narrow, long] = tileFamily(false).slice(1);
    measured.instead = (tiles) => tiles.map((tile) => ({ tile, rate: 1, exact: true, optimised: true }));
    writeTile(folder, narrowKey, narrow!);
    writeTile(folder, tuningKey(false, true, "i64"), long!);
    const backend = createCpuBackend({ threads: 1, wide: false, tileCache: folder, maxBytes: 2 ** 33 });
    expect(backend.capabilities.features).toContain(tileFeature(long!));
    await backend.dispose();
  });

  it("is one for 256 bits at 64-bit addresses, too, measured in near memory", async () => {
    const asked: object[] = [];
    measured.instead = (tiles, { addressType, nearMemory }) => {
      asked.push({ addressType, nearMemory });
      return tiles.map((tile) => ({ tile, rate: 1, exact: true, optimised: true }));
    };
    const backend = createCpuBackend({ threads: 1, wide: true, tileCache: folder, maxBytes: 2 ** 33 });
    expect(asked).toEqual([{ addressType: "i64", nearMemory: true }]);
    expect(backend.capabilities.features).toContain(tileFeature(tileFamily(true)[0]!));
    expect(readTile(folder, tuningKey(true, true, "i64"))).toEqual(tileFamily(true)[0]);
    await backend.dispose();
  });

  it("changes no bit of a product", async () => {
    const [m, k, n] = [29, 301, 83];
    const filled = (shape: readonly number[]) => ({
      type: tensorType(shape),
      values: Array.from({ length: shape[0]! * shape[1]! }, (_, index) =>
        Math.fround(Math.sin(index * 1.7 + shape[1]!)),
      ),
    });
    const [b, c] = [filled([n, k]), filled([m, n])];
    const results = new Map<boolean, number[][]>([false, true].map((transposeA) => [transposeA, []]));
    for (const [wide, maxBytes] of [
      [false, undefined],
      [true, undefined],
      [true, 2 ** 33],
    ] as const) {
      for (const tile of tileFamily(wide)) {
        const plain = createCpuBackend({ threads: 1, wide, tileCache: false, maxBytes });
        const features = new Set([...plain.capabilities.features, tileFeature(tile)]);
        const backend = { ...plain, capabilities: { ...plain.capabilities, features } };
        for (const transposeA of [false, true]) {
          const attributes = { transposeA, transposeB: true, bias: false, residual: true, activation: "" };
          const a = filled(transposeA ? [k, m] : [m, k]);
          const [y] = await runOp(backend, linearOp as unknown as OpDef, attributes, [a, b, c]);
          results.get(transposeA)!.push(y!);
        }
        await backend.dispose();
      }
    }
    for (const list of results.values()) for (const other of list) expect(other).toEqual(list[0]);
  }, 120_000);
});

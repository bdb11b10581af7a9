import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeTile } from "../src/index.ts";
import { tileFamily, tileName } from "../src/kernels/product/tile-family.ts";
import { readTile, tuningKey, writeTile } from "../src/tuning/tile-cache.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-describe-tile-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe("describeTile", () => {
  it("tells a tile that was kept, with its rate", () => {
    const guess = tileFamily(false)[0]!;
    writeTile(folder, tuningKey(false, true), guess);
    const { tile, rate, cached } = describeTile({ wide: false, tileCache: folder });
    expect({ tile, cached }).toEqual({ tile: tileName(guess), cached: true });
    expect(rate).toBeGreaterThan(0);
  });

  it.each([true, false])(
    "tells the one at 64-bit addresses, which is as wide as an engine has near memories: %s",
    (near) => {
      if (!near) vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
      const guess = tileFamily(near)[0]!;
      writeTile(folder, tuningKey(near, true, "i64"), guess);
      const { tile, cached } = describeTile({ wide: true, addressBits: 64, tileCache: folder });
      expect({ tile, cached }).toEqual({ tile: tileName(guess), cached: true });
    },
  );

  it.each([
    [true, 32, false],
    [false, 32, false],
    [true, 64, true],
    [false, 64, false],
  ] as const)("chooses one where none was kept (fused %s, %s-bit addresses)", (fusedMultiplyAdd, addressBits, wide) => {
    const { tile, rate, cached } = describeTile({ fusedMultiplyAdd, addressBits, wide, tileCache: folder });
    expect(cached).toBe(false);
    expect(rate).toBeGreaterThan(0);
    expect(tileFamily(wide).map(tileName)).toContain(tile);
    const key = tuningKey(wide, fusedMultiplyAdd, addressBits === 64 ? "i64" : "i32");
    // A measurement before V8 had optimised the code is not kept.
    if (readdirSync(folder).length > 0) expect(tileName(readTile(folder, key)!)).toBe(tile);
  });
});

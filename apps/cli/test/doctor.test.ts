import { describe, expect, test } from "vitest";
import { spawnAttune } from "./attune.ts";

describe("attune doctor", () => {
  test("says what this machine has, and whether that is enough", async () => {
    const { code, stdout, stderr } = await spawnAttune(["doctor", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const document = JSON.parse(stdout) as {
      schemaVersion: number;
      ready: boolean;
      checks: { id: string; status: string; value: never }[];
    };
    expect(document).toMatchObject({ schemaVersion: 1, ready: true });
    const tiles = ["tile", "tile, 64-bit", "tile, unfused", "tile, unfused, 64-bit"];
    expect(document.checks.map(({ id }) => id).filter((id) => id !== "gpu shaders")).toEqual([
      "node",
      "processor",
      "wasm simd",
      "relaxed simd",
      "256 bits",
      ...tiles,
      "native blas",
      "threads",
      "memory",
      "disk",
      "gpu",
    ]);
    const byId = new Map(document.checks.map((check) => [check.id, check]));
    expect(byId.get("node")).toMatchObject({ value: process.versions.node });
    expect(byId.get("wasm simd")).toMatchObject({ status: "ok", value: true });
    expect(byId.get("tile, 64-bit")!.value).toMatchObject({
      fusedMultiplyAdd: true,
      addressBits: 64,
      tile: expect.stringMatching(/^\d+x\d+$/),
      cached: expect.any(Boolean),
    });
    expect(byId.get("native blas")).toMatchObject({
      status: "absent",
      detail: "ATTUNE_BLAS is off; WebAssembly multiplies",
    });
    expect(byId.get("threads")!.value).toBeGreaterThanOrEqual(1);
  });

  test("prints a line a check for a reader", async () => {
    const { stdout } = await spawnAttune(["doctor"]);
    expect(stdout).toMatch(/^node +(ok|slow) +v\d+/m);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("Ready: everything that is needed is there.");
  });
});

// The flag that widens vectors belongs to V8 for x64; V8 for other processors does not know it and would say so on stderr.
import { afterEach, describe, expect, it, vi } from "vitest";
import { enable256Bits } from "../src/index.ts";

const setFlagsFromString = vi.hoisted(() => vi.fn());
vi.mock("node:v8", async (original) => ({ ...(await original<object>()), setFlagsFromString }));
afterEach(() => {
  vi.restoreAllMocks();
  setFlagsFromString.mockClear();
});

describe("enable256Bits", () => {
  it.each([
    ["x64", [["--experimental-wasm-revectorize"]]],
    ["arm64", []],
  ] as const)("on %s sets %j", (arch, flags) => {
    vi.spyOn(process, "arch", "get").mockReturnValue(arch);
    enable256Bits();
    expect(setFlagsFromString.mock.calls).toEqual(flags);
  });
});

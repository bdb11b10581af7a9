// The flag that widens vectors belongs to V8 for x64; V8 for other processors does not know it and would say so on stderr. Whether it
// had its effect is told from two loops in the same tier of the engine.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ChainRate } from "../src/engine/chain-rates.ts";
import { comesOutAt256Bits } from "../src/engine/simd-width.ts";
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

describe("comesOutAt256Bits", () => {
  const optimised = true;
  const wide: ChainRate[] = [
    { rate: 20, optimised },
    { rate: 10, optimised },
  ];
  const narrow: ChainRate[] = [
    { rate: 11, optimised },
    { rate: 10, optimised },
  ];
  const half: ChainRate[] = [
    { rate: 11, optimised },
    { rate: 2, optimised: false },
  ];
  const oneTier = wide.map(({ rate }) => ({ rate, optimised: false }));

  it.each([
    ["twice as fast", [wide], true],
    ["as fast", [narrow], false],
    ["twice as fast in an engine of one tier", [oneTier], true],
    ["against a loop that was not optimised yet, and then as fast", [half, half, narrow], false],
    ["against a loop that was not optimised yet, and then twice as fast", [half, wide], true],
    ["against a loop that is never optimised", [half, half, half, half], false],
  ])("24 chains that are %s", (_, measurements, expected) => {
    const measure = vi.fn<() => ChainRate[]>();
    for (const measurement of measurements) measure.mockReturnValueOnce(measurement);
    expect(comesOutAt256Bits(measure)).toBe(expected);
    expect(measure).toHaveBeenCalledTimes(measurements.length);
  });
});

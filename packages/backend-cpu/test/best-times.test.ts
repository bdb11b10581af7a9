import { describe, expect, it } from "vitest";
import { bestTimes } from "../src/gemm/best-times.ts";

/** Work on a clock of its own: the n-th tile takes `milliseconds(n)`. */
function clocked(milliseconds: (count: number) => number) {
  let time = 0;
  let count = 0;
  const pass = (more: number): void => {
    time += more;
  };
  return {
    now: () => time,
    plain: { tiles: 1, run: () => pass(1) },
    compiled: { tiles: 6, run: () => pass(milliseconds(count++)) },
  };
}

describe("bestTimes", () => {
  it("ends where V8 optimises a kernel before its first run is over", () => {
    const { now, plain, compiled } = clocked((count) => (count === 0 ? 1.5 : 0.15));
    const times = bestTimes(plain, compiled, now);
    expect(times.settled).toBe(true);
    expect(times.plain).toBeCloseTo(1, 9);
    expect(times.compiled).toBeCloseTo(0.9, 9);
    expect(now()).toBeLessThan(60);
  });

  it("waits for an optimised kernel that comes late", () => {
    const { now, plain, compiled } = clocked((count) => (count < 300 ? 1.5 : 0.15));
    const times = bestTimes(plain, compiled, now);
    expect(times.settled).toBe(true);
    expect(times.compiled).toBeCloseTo(0.9, 9);
  });

  it("gives up, and says so, where none comes", () => {
    const { now, plain, compiled } = clocked(() => 1.5);
    const times = bestTimes(plain, compiled, now);
    expect(times.settled).toBe(false);
    expect(times.compiled).toBeCloseTo(9, 9);
    expect(now()).toBeLessThan(1020);
  });
});

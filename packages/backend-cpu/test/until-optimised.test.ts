import { expect, it } from "vitest";
import { untilOptimised } from "../src/tuning/until-optimised.ts";

/** A loop that takes 0.2 milliseconds at first, and next to nothing from a call on. */
function loopThatGetsFast(from: number): { run(): void; calls: number } {
  const loop = {
    calls: 0,
    run() {
      loop.calls++;
      if (loop.calls >= from) return;
      for (const end = performance.now() + 0.2; performance.now() < end; );
    },
  };
  return loop;
}

it("repeats every loop until it has become fast, however late that is", () => {
  const loops = [loopThatGetsFast(10), loopThatGetsFast(25)];
  expect(untilOptimised(loops.map(({ run }) => run))).toEqual([true, true]);
  // A call that is interrupted passes for a slow one.
  expect(loops[0]!.calls).toBeGreaterThanOrEqual(10);
  expect(loops[1]!.calls).toBeGreaterThanOrEqual(25);
});

it("gives up on a loop that never becomes faster", () => {
  const loop = loopThatGetsFast(Number.POSITIVE_INFINITY);
  expect(untilOptimised([loop.run])).toEqual([false]);
  expect(loop.calls).toBeGreaterThan(4);
});

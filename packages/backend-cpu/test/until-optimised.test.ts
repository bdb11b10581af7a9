import { beforeEach, expect, it } from "vitest";
import { untilOptimised } from "../src/engine/until-optimised.ts";

/** Milliseconds that loops took so far, on a clock of their own. */
let time = 0;
const now = () => time;
beforeEach(() => {
  time = 0;
});

/** A loop that takes 0.2 milliseconds at first, and a hundredth of that from a call on. */
function loopThatGetsFast(from: number): { run(): void; calls: number } {
  const loop = {
    calls: 0,
    run() {
      loop.calls++;
      time += loop.calls >= from ? 0.002 : 0.2;
    },
  };
  return loop;
}

it("repeats every loop until it has become fast, however late that is", () => {
  const loops = [loopThatGetsFast(10), loopThatGetsFast(25)];
  expect(
    untilOptimised(
      loops.map(({ run }) => run),
      now,
    ),
  ).toEqual([true, true]);
  expect(loops.map(({ calls }) => calls)).toEqual([10, 25]);
});

it("gives up on a loop that never becomes faster", () => {
  const loop = loopThatGetsFast(Number.POSITIVE_INFINITY);
  expect(untilOptimised([loop.run], now)).toEqual([false]);
  expect(time).toBeGreaterThanOrEqual(300);
  expect(time).toBeLessThan(301);
});

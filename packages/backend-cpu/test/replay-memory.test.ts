// Thousands of replayed steps leave nothing behind: neither in the backend's memory nor in the process.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("2,000 replayed steps grow neither the backend's memory nor the process", { timeout: 180_000 }, async () => {
  const script = fileURLToPath(new URL("./replay-steps.ts", import.meta.url));
  const flags = ["--conditions=@attune/source", "--expose-gc", script];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const { points, steps } = JSON.parse(stdout);
  const [before, between, after] = points;
  expect(steps).toBe(1000);
  expect(after.loss).toBeLessThan(before.loss);
  expect(after.held).toEqual(before.held);
  // The engine's own heaps still grow once after the warm-up; a leak grows in both halves.
  const growth = [between.resident - before.resident, after.resident - between.resident];
  expect(Math.min(...growth) / steps, "bytes a step").toBeLessThan(1024);
});

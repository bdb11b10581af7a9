import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("2,000 steps of the loop, with metrics, checkpoints and evaluations, do not grow the process", {
  timeout: 180_000,
}, async () => {
  const script = fileURLToPath(new URL("./training-steps.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--conditions=@attune/source",
    "--expose-gc",
    script,
  ]);
  const { resident, steps } = JSON.parse(stdout) as { resident: number[]; steps: number };
  expect(resident).toHaveLength(3);
  // The engine's own heaps may still grow once after the warm-up; a leak grows in both halves.
  const growth = [resident[1]! - resident[0]!, resident[2]! - resident[1]!];
  expect(Math.min(...growth) / steps, "bytes a step").toBeLessThan(1024);
});

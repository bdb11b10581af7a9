// The packed folder runs on its own: Dawn's null backend stands for a GPU, which computes nothing, so only the leak part means something.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const run = promisify(execFile);

it("packs into a folder that prints one JSON document", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "attune-gpu-suite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await run(process.execPath, [fileURLToPath(new URL("../pack.mjs", import.meta.url)), folder]);
  const flags = ["gpu-suite.ts", "--flags", "backend=null", "--only", "leak"];
  const { stdout } = await run(process.execPath, flags, { cwd: folder, env: { ...process.env, NODE_OPTIONS: "" } });
  const { device, leak, conformance } = JSON.parse(stdout);
  expect(device.features).toContain("f16");
  expect(leak).toMatchObject({ steps: 2000, bytesPerStep: expect.any(Number) });
  expect(conformance).toBeUndefined();
});

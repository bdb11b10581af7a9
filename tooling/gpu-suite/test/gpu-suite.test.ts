// The packed folder runs on its own: Dawn's null backend stands for a GPU, which computes nothing, so that what it finds means little.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SuiteResult } from "../src/result.ts";

const execute = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "attune-gpu-suite-"));
  const pack = fileURLToPath(new URL("../pack.mjs", import.meta.url));
  await execute(process.execPath, [pack, folder, "--platform", `${process.platform}-${process.arch}`]);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the packed suite. */
async function suite(...flags: string[]): Promise<{ readonly code: number; readonly printed: string }> {
  const env = { ...process.env, NODE_OPTIONS: "" };
  try {
    const { stderr } = await execute(process.execPath, ["gpu-suite.ts", ...flags], { cwd: folder, env });
    return { code: 0, printed: stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, printed: stderr };
  }
}

const read = (name: string): SuiteResult => JSON.parse(readFileSync(join(folder, name), "utf8")) as SuiteResult;

describe("the packed suite", () => {
  it("has Dawn for the platform that was asked for, and no other", () => {
    const dawn = join(folder, "node_modules/webgpu/dist");
    const others = ["linux-x64", "linux-arm64", "win32-x64", "darwin-universal"].filter((name) =>
      existsSync(join(dawn, name)),
    );
    expect(others.length).toBeLessThanOrEqual(1);
  });

  it("writes what the machine, the adapter and its sections are, and goes on with what is missing", {
    timeout: 300_000,
  }, async () => {
    const flags = ["--flags", "backend=null", "--output", "result.json"];
    const first = await suite(...flags, "--only", "device");
    expect(first.code).toBe(1);
    const device = read("result.json");
    expect(device).toMatchObject({
      version: 2,
      state: "incomplete",
      problems: [expect.stringMatching(/device: first number: 1, 2, 3, 4 doubled is /)],
      machine: { node: process.version },
      packed: { versions: { webgpu: expect.any(String) } },
      adapter: { info: { device: "null-backend" } },
      sections: { device: { state: "done", passed: 3 } },
    });
    expect(device.adapter!.features).toContain("shader-f16");
    expect(device.adapter!.limits).toMatchObject({ maxBufferSize: 2 ** 28 });
    expect((await suite(...flags)).printed).toMatch(/already there.*--resume/s);
    const second = await suite(...flags, "--resume", "--only", "device,variants");
    expect(second.printed).not.toMatch(/^device:/m);
    const { sections, problems } = read("result.json");
    expect(sections["device"]).toEqual(device.sections["device"]);
    expect(sections["variants"]).toMatchObject({ state: "done", passed: 1 });
    expect(problems).toContainEqual(expect.stringMatching(/f16-products is not used: \d+ elements/));
  });

  it("says what failed, with the shaders that computed it", { timeout: 300_000 }, async () => {
    const flags = ["--flags", "backend=null", "--output", "wrong.json", "--quick", "--minutes", "0.4"];
    const { code, printed } = await suite(...flags, "--only", "conformance-f32");
    expect(code).toBe(1);
    expect(printed).toMatch(/conformance-f32: pointwise: .* at element \d+, expected/);
    const { failures } = read("wrong.json").sections["conformance-f32"]!;
    const details = failures.map(
      (failure) => failure.details as { first?: string[]; kernels?: { stages?: unknown[] }[] },
    );
    expect(details[0]!.first![0]).toMatch(/^\d+: .*, expected .* within/);
    expect(JSON.stringify(details)).toContain("@compute");
  });

  it("ends without a GPU, and says what was tried", { timeout: 60_000 }, async () => {
    const { code } = await suite("--flags", "backend=opengl", "--output", "none.json");
    expect(code).toBe(4);
    const { state, environments, problems } = read("none.json");
    expect(state).toBe("no GPU");
    expect(environments[0]).toMatchObject({ name: "as it is", error: expect.any(String) });
    expect(problems).toHaveLength(1);
  });

  it("does not begin with a section that there is not", async () => {
    const { code, printed } = await suite("--flags", "backend=null", "--output", "other.json", "--only", "sped");
    expect(code).toBe(2);
    expect(printed).toMatch(/no section "sped".*speed/s);
  });
});

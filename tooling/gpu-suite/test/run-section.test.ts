// A section outlives whatever happens to its child processes, and says which item it was.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SectionResult } from "../src/result.ts";
import { runSection } from "../src/run-section.ts";
import type { Section } from "../src/section.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-section-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const section: Section = {
  name: "any",
  title: "any",
  seconds: 60,
  itemSeconds: 2,
  items: async () => [],
};

/** A child that runs the items "0" to "5", of which some end otherwise: a program for each, given `index`, `say` and `end`. */
function workerOf(programs: Readonly<Record<number, string>>): string {
  const path = join(folder, "worker.mjs");
  const cases = Object.entries(programs).map(([index, program]) => `if (index === ${index}) { ${program} }`);
  writeFileSync(
    path,
    `const { shard, shards, from } = JSON.parse(process.argv[2]);
const say = (line) => new Promise((resolve) => process.stdout.write(JSON.stringify(line) + "\\n", resolve));
const failure = (name, code) => ({ name, reason: "it failed", code });
await say({ say: "items", count: 6 });
for (let index = 0; index < 6; index++) {
  if (index % shards !== shard || index < from) continue;
  await say({ say: "start", index, name: String(index) });
  ${cases.join("\n")}
  await say({ say: "found", index, milliseconds: 1, value: index });
}
await say({ say: "end" });
process.exit(0);
`,
  );
  return path;
}

function run(
  programs: Readonly<Record<number, string>>,
  change: { readonly section?: Partial<Section>; readonly limit?: number; readonly earlier?: SectionResult } = {},
): Promise<SectionResult> {
  return runSection(
    { ...section, ...change.section },
    {
      options: { quick: false, flags: undefined, adapter: undefined, peaks: undefined },
      folder,
      environment: {},
      limit: change.limit ?? 60_000,
      earlier: change.earlier,
      worker: workerOf(programs),
      onChange() {},
    },
  );
}

describe("a section", () => {
  it("keeps what its items find, in one process or several side by side", async () => {
    const found = { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5 };
    for (const shards of [1, 3]) {
      const result = await run({}, { section: { shards } });
      expect(result).toMatchObject({ state: "done", items: 6, passed: 6, failures: [], found, restarts: 0 });
    }
  });

  it.each([
    [
      "crashes",
      'process.stderr.write("the driver says so\\n", () => process.abort()); await new Promise(() => {});',
      /SIGABRT/,
    ],
    ["never answers", "setInterval(() => {}, 100); await new Promise(() => {});", /no sign of life for 2 seconds/],
    ["ends the process", "process.exit(3);", /exit code 3/],
    [
      "is at something",
      'await say({ say: "doing", text: "compiling" }); process.exit(3);',
      /at: compiling: exit code 3/,
    ],
  ])("goes on behind an item that %s", async (_, program, reason) => {
    const result = await run({ 2: program });
    expect(result).toMatchObject({ state: "done", passed: 5, found: { 1: 1, 3: 3, 5: 5 }, restarts: 1 });
    expect(result.failures).toEqual([expect.objectContaining({ name: "2", reason: expect.stringMatching(reason) })]);
    if (program.includes("driver")) expect(result.printed).toContain("the driver says so");
  });

  it("opens a new device behind an item that lost it, and only then", async () => {
    const lost = `await say({ say: "failed", index, milliseconds: 1, failure: failure("1", "DEVICE_UNAVAILABLE") }); await say({ say: "again" }); process.exit(0);`;
    const wrong = `await say({ say: "failed", index, milliseconds: 1, failure: failure("4", "NUMERICS") }); continue;`;
    const result = await run({ 1: lost, 4: wrong });
    expect(result).toMatchObject({ state: "done", passed: 4, restarts: 1 });
    expect(result.failures.map(({ name }) => name)).toEqual(["1", "4"]);
  });

  it("is given up where every process is lost, and where none can start", async () => {
    const always = Object.fromEntries([0, 1, 2, 3, 4, 5].map((index) => [index, "process.abort();"]));
    const result = await run(always);
    expect(result).toMatchObject({ state: "done", passed: 0, restarts: 6 });
    const broken = await run({
      0: `await say({ say: "broken", failure: failure("opening", "INTERNAL") }); process.exit(0);`,
    });
    expect(broken).toMatchObject({ state: "gave up", failures: [{ name: "opening" }] });
  });

  it("ends in time, keeps what it has, and goes on there", { timeout: 30_000 }, async () => {
    const slow = "await new Promise((resolve) => setTimeout(resolve, 1500));";
    const doing = 'await say({ say: "doing", text: "training, 7 steps" });';
    const stopped = await run({ 3: doing + slow.repeat(4) }, { limit: 2500, section: { itemSeconds: 30 } });
    expect(stopped).toMatchObject({
      state: "time limit",
      passed: 3,
      next: [3],
      found: { 0: 0, 1: 1, 2: 2 },
      stopped: "3: training, 7 steps",
    });
    const resumed = await run({ 0: "process.abort();" }, { earlier: stopped });
    expect(resumed).toMatchObject({ state: "done", passed: 6, failures: [] });
  });
});

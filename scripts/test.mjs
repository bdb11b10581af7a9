/**
 * The whole check: every gate, then all tests. A gate that fails does not stop the others; each one counts as a test in
 * the last line, `tests: N passed, N failed, N skipped`. With arguments, only the tests that they name run:
 *
 * npm test -- packages/spec
 *
 * `--full` (npm run test:full) adds tests that take minutes, `*.full.test.ts`, and the packed packages on each supported Node.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { readJsonFile, root } from "./workspace.mjs";

const gates = ["lint", "typecheck:tests", "boundaries", "knip", "pack-check", "size", "docs:check"];
const { scripts } = readJsonFile("package.json");
const full = process.argv.includes("--full");
const filters = process.argv.slice(2).filter((argument) => argument !== "--full");
if (full) {
  process.env.ATTUNE_TEST_FULL = "1";
  gates.push("smoke-tarballs");
}

const results = [];
for (const gate of filters.length > 0 ? [] : gates) results.push(await runGate(gate));
const counts = await runTests();
for (const { gate, seconds, passed } of results) {
  process.stdout.write(`gate ${gate}: ${passed ? "passed" : "FAILED"} in ${seconds.toFixed(1)} s\n`);
  counts[passed ? "passed" : "failed"] += 1;
}
process.stdout.write(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
if (counts.failed > 0) process.exitCode = 1;

async function runGate(gate) {
  const start = performance.now();
  const child = spawn(scripts[gate], { cwd: root, shell: true, stdio: "inherit" });
  const code = await exitOf(child);
  return { gate, passed: code === 0, seconds: (performance.now() - start) / 1000 };
}

/** Shows what vitest prints, except its last line, whose numbers are returned. */
async function runTests() {
  const command = [scripts["test:unit"], ...filters.map((filter) => JSON.stringify(filter))].join(" ");
  const child = spawn(command, { cwd: root, shell: true, stdio: ["ignore", "pipe", "inherit"] });
  const exit = exitOf(child);
  let numbers;
  for await (const line of createInterface({ input: child.stdout })) {
    const summary = /^tests: (\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line);
    if (summary) numbers = summary.slice(1).map(Number);
    else process.stdout.write(`${line}\n`);
  }
  const code = await exit;
  const [passed, failed, skipped] = numbers ?? [0, 1, 0];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
}

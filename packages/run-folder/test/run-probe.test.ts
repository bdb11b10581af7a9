import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { JsonObject } from "@attune/spec";
import { expect, it } from "vitest";
import { runProbe } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Runs a program as a probe; its lines, and how it ended. */
async function probe(program: string, ...given: string[]): Promise<{ lines: JsonObject[]; end: string }> {
  const file = join(temporaryFolder(), "probe.mjs");
  writeFileSync(file, program);
  const lines: JsonObject[] = [];
  const options = { arguments: given, timeout: 2000, onLine: (line: JsonObject) => void lines.push(line) };
  return { end: await runProbe(pathToFileURL(file), options), lines };
}

it.each([
  ["ends", "", "exit code 0"],
  ["throws", 'throw new Error("no")', "exit code 1"],
  ["is killed", 'process.kill(process.pid, "SIGKILL")', "signal SIGKILL"],
  ["aborts", "process.abort()", "signal SIGABRT"],
  ["hangs", "for (;;);", "no answer within 2000 ms"],
])("says how a probe that %s has ended, and what it said before", async (_, last, end) => {
  const program = `import { writeSync } from "node:fs";
writeSync(1, JSON.stringify({ given: process.argv[2] }) + "\\n");
writeSync(1, "a driver's words\\n[1]\\nnull\\n");
${last}`;
  expect(await probe(program, "--argument")).toEqual({ lines: [{ given: "--argument" }], end });
});

it("gives each line its own time", async () => {
  const program = "for (let at = 1; at < 6; at++) setTimeout(() => console.log(JSON.stringify({ at })), 600 * at);";
  const { lines, end } = await probe(program);
  expect([lines.length, end]).toEqual([5, "exit code 0"]);
});

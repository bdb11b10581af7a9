/**
 * Loaded into a child process before the program: kills the process with SIGKILL just before its n-th call that
 * changes the file system, where n is the environment variable KILL_AT. Without it, prints how many there were.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env["KILL_AT"] ?? Number.POSITIVE_INFINITY);
let calls = 0;

function step(): void {
  calls += 1;
  if (calls === killAt) process.kill(process.pid, "SIGKILL");
}

type Anything = (...values: unknown[]) => unknown;

function countCalls(target: object, names: readonly string[]): void {
  const functions = target as Record<string, Anything>;
  for (const name of names) {
    const original = functions[name]!;
    functions[name] = function (this: unknown, ...values: unknown[]) {
      step();
      return original.apply(this, values);
    };
  }
}

const handle = await fs.open(process.execPath, "r");
countCalls(Object.getPrototypeOf(handle) as object, ["write", "writeFile", "sync", "truncate"]);
await handle.close();
countCalls(fs, ["open", "rename", "mkdir", "rm", "writeFile"]);
syncBuiltinESMExports();
process.on("exit", () => process.stderr.write(`calls ${calls}\n`));

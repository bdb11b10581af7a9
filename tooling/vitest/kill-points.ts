/**
 * Loaded into a child process before the program: kills the process with SIGKILL just before its n-th call that changes the file
 * system, where n is the environment variable KILL_AT; what it was about to do is appended to the file KILL_LOG, where one is named.
 * Without KILL_AT, prints how many calls there were.
 */
import { appendFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env["KILL_AT"] ?? Number.POSITIVE_INFINITY);
const log = process.env["KILL_LOG"];
let calls = 0;

/** Paths of open handles: calls on them name no file. */
const opened = new WeakMap<object, string>();

function step(name: string, target: unknown): void {
  calls += 1;
  if (calls !== killAt) return;
  if (log !== undefined) appendFileSync(log, `${name} ${String(target)}\n`);
  process.kill(process.pid, "SIGKILL");
}

type Anything = (...values: unknown[]) => unknown;

function countCalls(
  target: object,
  names: readonly string[],
  describe: (self: unknown, values: readonly unknown[]) => unknown,
): void {
  const functions = target as Record<string, Anything>;
  for (const name of names) {
    const original = functions[name]!;
    functions[name] = function (this: unknown, ...values: unknown[]) {
      step(name, describe(this, values));
      return original.apply(this, values);
    };
  }
}

const handle = await fs.open(process.execPath, "r");
countCalls(Object.getPrototypeOf(handle) as object, ["write", "writeFile", "sync", "truncate"], (self) =>
  opened.get(self as object),
);
await handle.close();
const { open } = fs;
fs.open = async (...values: Parameters<typeof open>) => {
  const made = await open(...values);
  opened.set(made, String(values[0]));
  return made;
};
countCalls(fs, ["open", "rename", "mkdir", "rm", "writeFile"], (_self, [path]) => path);
syncBuiltinESMExports();
process.on("exit", () => process.stderr.write(`calls ${calls}\n`));

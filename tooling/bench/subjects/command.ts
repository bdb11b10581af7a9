// Starts a command again and again: what a process takes from its start to its end. The subject's name says which; the paths of the
// machine stay out of the results.
import { spawnSync } from "node:child_process";
import { options, serve } from "./serve.ts";

const { command, arguments: argumentsOf } = options<{ command: string; arguments: string[] }>();
const start = async (): Promise<object> => {
  const begun = performance.now();
  const { status, stderr, error } = spawnSync(command, argumentsOf, { encoding: "utf8" });
  if (status !== 0) throw new Error(error?.message ?? stderr);
  return { seconds: (performance.now() - begun) / 1000 };
};
await serve({}, start, { ownMemory: false });

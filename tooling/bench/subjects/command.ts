// Starts a command again and again: what a process takes from its start to its end. The subject's name says which; the paths of the
// machine stay out of the results.
import { spawnSync } from "node:child_process";
import { options, serve } from "./serve.ts";

const { command, arguments: argumentsOf } = options<{ command: string; arguments: string[] }>();
await serve({}, async () => {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, argumentsOf, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return { seconds: (performance.now() - start) / 1000 };
});

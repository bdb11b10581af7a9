// The other end of a subject, for peers that run from their own folder (tooling/bench/src/subject.ts).
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const say = (value) => void process.stdout.write(`@bench ${JSON.stringify(value)}\n`);

export const options = () => JSON.parse(process.argv[2] ?? "{}");

/** The version of an installed package, which does not say it itself. */
export const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

export const pattern = (count) => Float32Array.from({ length: count }, (_, index) => ((index * 37) % 101) / 101 - 0.5);

export async function secondsOf(work, seconds) {
  const start = performance.now();
  let count = 0;
  do {
    await work();
    count++;
  } while (performance.now() - start < 1000 * seconds);
  return (performance.now() - start) / 1000 / count;
}

export async function serve(ready, work) {
  say(ready);
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if ("run" in request) say(await work(request.run));
    else {
      say({ peakBytes: process.resourceUsage().maxRSS * 1024 });
      break;
    }
  }
  process.exit(0);
}

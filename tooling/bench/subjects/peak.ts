// What the processor could do at most: multiply-adds that stay in registers, on as many threads as the products beside it. A request
// names a product; its seconds are those that it would take at that rate.
import { Worker } from "node:worker_threads";
import { options, serve } from "./serve.ts";

const { threads } = options<{ threads: number }>();
const workers = Array.from({ length: threads }, () => new Worker(new URL("./peak-worker.ts", import.meta.url)));
const ask = (worker: Worker): Promise<number> =>
  new Promise((resolve, reject) => {
    worker.once("message", resolve).once("error", reject).postMessage("measure");
  });

await serve({ node: process.versions.node }, async ({ m, k, n }) => {
  const rates = await Promise.all(workers.map(ask));
  const gflops = rates.reduce((sum, rate) => sum + rate, 0);
  return { seconds: (2 * Number(m) * Number(k) * Number(n)) / gflops / 1e9 };
});
for (const worker of workers) await worker.terminate();

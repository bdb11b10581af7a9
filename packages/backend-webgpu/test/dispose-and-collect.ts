// Started as a child process with --expose-gc: opens devices, leaves them, and has everything collected that can be.
import { createWebgpuBackend, describeGpu } from "../src/index.ts";

const flags = ["backend=null"];
const settle = async (): Promise<void> => {
  for (let round = 0; round < 4; round++) {
    globalThis.gc!();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
let left: unknown = await createWebgpuBackend({ flags });
const disposed = await createWebgpuBackend({ flags });
await disposed.dispose();
await describeGpu({ flags });
await settle();
left = await describeGpu({ flags });
await settle();
process.stdout.write(`${typeof left} ${disposed.id}\n`);

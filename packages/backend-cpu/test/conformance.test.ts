import { describeConformance, testBackend } from "@attune/tensor-conformance";
import { afterAll, describe, it } from "vitest";
import { createCpuBackend } from "../src/index.ts";

for (const [name, options] of [
  ["cpu, 128-bit tiles on two threads", { threads: 2, wide: false }],
  ["cpu, 64-bit memory on one thread", { threads: 1, wide: false, maxBytes: 2 ** 33 }],
  ["cpu, 64-bit memory with near scratch on two threads", { threads: 2, wide: true, maxBytes: 2 ** 33 }],
] as const) {
  describeConformance(
    name,
    testBackend(() => createCpuBackend(options)),
    { describe, it, afterAll },
  );
}

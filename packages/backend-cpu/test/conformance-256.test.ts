// The suite once more on optimised, 256-bit code: a sample runs its kernel once, so without this only V8's baseline compiler would
// be tested. Flags are of the process, which is this file's own.
import { setFlagsFromString } from "node:v8";
import { describeConformance, testBackend } from "@attune/tensor-conformance";
import { afterAll, describe, it } from "vitest";
import { createCpuBackend, enable256Bits } from "../src/index.ts";

setFlagsFromString("--no-liftoff");
enable256Bits();
describeConformance(
  "cpu, optimised 256-bit code",
  testBackend(() => createCpuBackend({ threads: 2, wide: true })),
  {
    describe,
    it,
    afterAll,
  },
);

export { type Conformance, type ConformanceCase, describeConformance, type TestRunner } from "./conformance-case.ts";
export type { LeafValues } from "./random/random-leaves.ts";
export { type RandomProgram, recordRandomProgram } from "./random/random-program.ts";
export { createStrictBackend, type StrictOptions } from "./strict/create-strict-backend.ts";
export { type ConformanceOptions, testBackend } from "./test-backend.ts";
export { testOps } from "./test-ops.ts";
export { assertClose, assertSameBits, type Subject, toleranceOf, toleranceOfRoundings } from "./tolerance.ts";

import { afterAll, describe, it } from "vitest";
import { createStrictBackend, describeConformance, testBackend, testOps } from "../src/index.ts";

// AdamW and attention with documents bind up to eleven buffers; devices that train have at least sixteen.
describeConformance(
  "strict backend",
  testBackend(() => createStrictBackend({ maxBindings: 16 })),
  { describe, it, afterAll },
);

describeConformance("ops", { cases: testOps(), dispose: async () => {} }, { describe, it });

import { dearOps, runConformance } from "./run-conformance.ts";

runConformance("webgpu", (group) => !dearOps.includes(group));

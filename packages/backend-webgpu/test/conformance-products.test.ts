import { dearOps, runConformance } from "./run-conformance.ts";

runConformance("webgpu, products and attention", (group) => dearOps.includes(group));

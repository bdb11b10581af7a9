export { interpretTrace, type LeafOverrides } from "./interpret-trace.ts";

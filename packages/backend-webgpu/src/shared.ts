// What both entries of the package export.
export type { ProductPrecision } from "./device/capabilities.ts";
export { describeGpu, type GpuDescription } from "./device/describe-gpu.ts";
export { type DeviceOptions, dawnFlags } from "./device/open-device.ts";
export { createPlanningBackend, type PlanningBackendOptions } from "./planning-backend.ts";
export type { VariantState } from "./variants/test-variants.ts";
export type { WebgpuBackendOptions } from "./webgpu-backend.ts";

export type { ProductPrecision } from "./device/capabilities.ts";
export { describeGpu, type GpuDescription } from "./device/describe-gpu.ts";
export { type DeviceOptions, dawnFlags } from "./device/open-device.ts";
export { createPlanningBackend, type PlanningBackendOptions } from "./planning-backend.ts";
export { createWebgpuBackend, type WebgpuBackendOptions } from "./webgpu-backend.ts";

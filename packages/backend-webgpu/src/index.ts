export type { ProductPrecision } from "./device/capabilities.ts";
export { type DeviceOptions, dawnFlags } from "./device/open-device.ts";
export { createWebgpuBackend, type WebgpuBackendOptions } from "./webgpu-backend.ts";

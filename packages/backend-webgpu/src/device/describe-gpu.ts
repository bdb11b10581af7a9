import { capabilitiesOf } from "./capabilities.ts";
import { type DeviceOptions, nameOf, openDevice } from "./open-device.ts";

/** What a machine's GPU is and can do. */
export interface GpuDescription {
  readonly name: string;
  /** Optional features that kernels use: f16, subgroups, sizes of subgroup matrices. */
  readonly features: readonly string[];
  /** Largest buffer, in bytes. */
  readonly maxBufferBytes: number;
}

/**
 * Opens the GPU, describes it and closes it again.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` in Node without the package webgpu, `DEVICE_UNAVAILABLE` without a GPU
 */
export async function describeGpu(options: DeviceOptions = {}): Promise<GpuDescription> {
  const opened = await openDevice(options);
  const { features, maxAllocationBytes } = await capabilitiesOf(opened, "f32");
  opened.device.destroy();
  return { name: nameOf(opened.info), features: [...features].sort(), maxBufferBytes: maxAllocationBytes };
}

import type { Backend, KernelDef } from "@attune/tensor-core";
import { capabilitiesOf, type ProductPrecision } from "./device/capabilities.ts";
import { watchDevice } from "./device/device-health.ts";
import { type DeviceOptions, openDevice } from "./device/open-device.ts";
import { webgpuKernels } from "./kernels/index.ts";
import { pieceBytesOf } from "./memory/create-pieces.ts";
import { createDeviceMemory, type GpuAllocation } from "./memory/device-memory.ts";
import { compilePlan } from "./plan/executable.ts";
import { createPipelineCache } from "./plan/pipelines.ts";
import { createScratchBuffer } from "./plan/scratch-buffer.ts";

/** How the backend finds its device and computes. */
export interface WebgpuBackendOptions extends DeviceOptions {
  /** Operands of matrix products: f32, or rounded to f16 with sums in f32 where the device has f16. Default "f32". */
  readonly products?: ProductPrecision | undefined;
  /** Kernels asked before its own. */
  readonly kernels?: readonly KernelDef[] | undefined;
}

/** Runs that may be under way at once. */
const runsInFlight = 2;

/**
 * The WebGPU backend: plans are replayed on a GPU.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` in Node without the package webgpu, `DEVICE_UNAVAILABLE` without a GPU
 */
export async function createWebgpuBackend(options: WebgpuBackendOptions = {}): Promise<Backend> {
  const opened = await openDevice(options);
  const { device } = opened;
  const health = watchDevice(device);
  const memory = createDeviceMemory(device, health);
  const scratch = createScratchBuffer(device);
  const capabilities = await capabilitiesOf(opened, options.products ?? "f32");
  let submitted = 0;
  const context = {
    device,
    health,
    pipelines: createPipelineCache(device),
    scratch,
    alignment: capabilities.alignment,
    limits: {
      bindingBytes: Math.floor(capabilities.maxBindingBytes / 256) * 256,
      pieceBytes: pieceBytesOf(device.limits),
    },
    async throttle() {
      submitted++;
      if (submitted < runsInFlight) return;
      submitted = 0;
      await device.queue.onSubmittedWorkDone();
    },
  };
  // Without a reference the object behind the device would be collected while it is used.
  let gpu: GPU | undefined = opened.gpu;
  return {
    kind: "backend",
    specificationVersion: 1,
    id: "webgpu",
    capabilities,
    kernels: [...(options.kernels ?? []), ...webgpuKernels],
    interprets: false,
    allocate: (role, bytes) => memory.allocate(role, bytes),
    free: (allocation) => memory.free(allocation as GpuAllocation),
    write: (allocation, offset, bytes) => memory.write(allocation as GpuAllocation, offset, bytes),
    async read(allocation, offset, bytes) {
      const result = await memory.read(allocation as GpuAllocation, offset, bytes);
      submitted = 0;
      return result;
    },
    compile: (plan) => compilePlan(plan, context),
    async dispose() {
      memory.dispose();
      scratch.dispose();
      if (gpu !== undefined) device.destroy();
      gpu = undefined;
    },
  };
}

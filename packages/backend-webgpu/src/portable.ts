// What needs no child process: browsers have this as the package's entry.
import type { Backend } from "@attune/tensor-core";
import type { DeviceOptions } from "./device/open-device.ts";
import { judgeInPlace } from "./variants/judge-in-place.ts";
import { testVariants, type VariantState } from "./variants/test-variants.ts";
import { type BackendJudge, openWebgpuBackend, type WebgpuBackendOptions } from "./webgpu-backend.ts";

export * from "./shared.ts";

/**
 * The WebGPU backend: plans are replayed on a GPU.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` without a GPU
 */
export function createWebgpuBackend(options: WebgpuBackendOptions = {}): Promise<Backend> {
  return openWebgpuBackend(options, judge);
}

/**
 * Says which variants of shaders products use on the GPU, and why the others are not: the device does without them, or a self-test on
 * it refused them.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` without a GPU, and where it does not answer any more
 */
export function describeVariants(options: DeviceOptions = {}): Promise<VariantState[]> {
  return testVariants(options, judge);
}

const judge: BackendJudge = (variant, _opened, _device, backend) => judgeInPlace(backend, variant);

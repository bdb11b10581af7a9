// What needs no child process: browsers have this as the package's entry.
import type { Backend } from "@attune/tensor-core";
import { judgeInPlace } from "./variants/judge-in-place.ts";
import { openWebgpuBackend, type WebgpuBackendOptions } from "./webgpu-backend.ts";

export * from "./shared.ts";

/**
 * The WebGPU backend: plans are replayed on a GPU.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` without a GPU
 */
export function createWebgpuBackend(options: WebgpuBackendOptions = {}): Promise<Backend> {
  return openWebgpuBackend(options, (variant, _opened, _device, backend) => judgeInPlace(backend, variant));
}

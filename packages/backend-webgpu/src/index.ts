import type { Backend } from "@attune/tensor-core";
import { judgeInChild } from "./variants/judge-in-child.ts";
import { openWebgpuBackend, type WebgpuBackendOptions } from "./webgpu-backend.ts";

export * from "./shared.ts";

/**
 * The WebGPU backend: plans are replayed on a GPU.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` in Node without the package webgpu, `DEVICE_UNAVAILABLE` without a GPU
 */
export function createWebgpuBackend(options: WebgpuBackendOptions = {}): Promise<Backend> {
  return openWebgpuBackend(options, (variant, { info }, device) => judgeInChild(variant, { device, info }));
}

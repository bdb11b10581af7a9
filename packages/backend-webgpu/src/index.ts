import type { Backend } from "@attune/tensor-core";
import type { DeviceOptions } from "./device/open-device.ts";
import { judgeInChild } from "./variants/judge-in-child.ts";
import { testVariants, type VariantState } from "./variants/test-variants.ts";
import { type BackendJudge, openWebgpuBackend, type WebgpuBackendOptions } from "./webgpu-backend.ts";

export * from "./shared.ts";

/**
 * The WebGPU backend: plans are replayed on a GPU.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` in Node without the package webgpu, `DEVICE_UNAVAILABLE` without a GPU
 */
export function createWebgpuBackend(options: WebgpuBackendOptions = {}): Promise<Backend> {
  return openWebgpuBackend(options, judge);
}

/**
 * Says which variants of shaders products use on the GPU, and why the others are not: the device does without them, or a self-test in a
 * child process refused them. The verdicts are kept for backends that are opened later.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` in Node without the package webgpu, `DEVICE_UNAVAILABLE` without a GPU
 */
export function describeVariants(options: DeviceOptions = {}): Promise<VariantState[]> {
  return testVariants(options, judge);
}

const judge: BackendJudge = (variant, { info }, device) => judgeInChild(variant, { device, info });

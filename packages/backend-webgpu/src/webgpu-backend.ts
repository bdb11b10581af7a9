import { checkOptionKeys, type OptionKeys } from "@attune/spec";
import type { Backend, KernelDef } from "@attune/tensor-core";
import { capabilitiesOf, featureNames, type ProductPrecision } from "./device/capabilities.ts";
import { watchDevice } from "./device/device-health.ts";
import { type DeviceOptions, nameOf, type OpenedDevice, openDevice } from "./device/open-device.ts";
import { webgpuKernels } from "./kernels/index.ts";
import { pieceBytesOf } from "./memory/create-pieces.ts";
import { createDeviceMemory, type GpuAllocation } from "./memory/device-memory.ts";
import { compilePlan } from "./plan/compile-plan.ts";
import { createPipelineCache } from "./plan/pipelines.ts";
import { createScratchBuffer } from "./plan/scratch-buffer.ts";
import { describeDenial, type Variant, type Verdict, withoutDenied } from "./variants/variant.ts";

/** How the backend finds its device and computes. */
export interface WebgpuBackendOptions extends DeviceOptions {
  /** Operands of matrix products: f32, or rounded to f16 with sums in f32 where the device has f16. Default "f32". */
  readonly products?: ProductPrecision | undefined;
  /**
   * Shaders in f16 and on subgroup matrices, which some drivers crash on or compute wrongly: "tested" uses them after a self-test, in
   * Node in a child process whose verdict is kept; "trusted" uses them as they are. Default "tested".
   */
  readonly variants?: "tested" | "trusted" | undefined;
  /** Takes a sentence where something is computed otherwise than asked for. Default `console.warn`. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** Kernels asked before its own. */
  readonly kernels?: readonly KernelDef[] | undefined;
}

const optionKeys: OptionKeys<WebgpuBackendOptions> = {
  gpu: true,
  flags: true,
  adapter: true,
  powerPreference: true,
  products: true,
  variants: true,
  onNotice: true,
  kernels: true,
};

/** Runs that may be under way at once. */
const runsInFlight = 2;

/** Whether a variant may be used on a device that was opened, on which a backend with all of them is. */
export type BackendJudge = (
  variant: Variant,
  opened: OpenedDevice,
  options: DeviceOptions,
  backend: Backend,
) => Promise<Verdict>;

/** Opens a device, and a backend on it with the variants that `judge` lets pass. */
export async function openWebgpuBackend(options: WebgpuBackendOptions, judge: BackendJudge): Promise<Backend> {
  checkOptionKeys("createWebgpuBackend", options, optionKeys);
  const opened = await openDevice(options);
  const backend = await createBackendOn(opened, options);
  const { products = "f32", variants = "tested", onNotice = console.warn, kernels: _, ...device } = options;
  const name = nameOf(opened.info);
  // Who brings a GPU object knows what it is.
  if (opened.info.isFallbackAdapter === true && options.gpu === undefined)
    onNotice(`WebGPU found no GPU, only "${name}", which computes on the CPU and slower than --device cpu.`);
  if (products === "f16" && !backend.capabilities.features.has(featureNames.f16))
    onNotice(`The GPU "${name}" computes products in f32 instead of f16, which it does not have.`);
  if (variants === "trusted") return backend;
  try {
    const ask = (variant: Variant): Promise<Verdict> => judge(variant, opened, device, backend);
    const { capabilities, denied } = await withoutDenied(backend.capabilities, ask);
    for (const each of denied) onNotice(describeDenial(name, each));
    return { ...backend, capabilities };
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

/** A backend on a device. */
export async function createBackendOn(
  opened: OpenedDevice,
  options: Pick<WebgpuBackendOptions, "products" | "kernels">,
): Promise<Backend> {
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
      device.destroy();
    },
  };
}

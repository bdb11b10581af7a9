// Finds a GPU: `navigator.gpu` in browsers, Dawn in Node through the optional package "webgpu", or what the caller brings.
import { AttuneError } from "@attune/spec";

/** How the device is found. */
export interface DeviceOptions {
  /** A GPU object to use instead of the one that is found. */
  readonly gpu?: GPU | undefined;
  /** Flags for Dawn beside `dawnFlags`, for instance `backend=vulkan` (Node only). */
  readonly flags?: readonly string[] | undefined;
  /** Part of an adapter's name, where a machine has several (Node only). */
  readonly adapter?: string | undefined;
  /** Which adapter is preferred in a machine with two; default "high-performance". */
  readonly powerPreference?: GPUPowerPreference | undefined;
}

/** A device and what it is. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly features: ReadonlySet<string>;
  readonly info: GPUAdapterInfo;
}

/** The part of the package webgpu that is used. */
interface DawnModule {
  create(flags: string[]): GPU;
}

/** Features that a shader may use, and matrices of subgroups behind a flag of Dawn. */
const wantedFeatures = [
  "shader-f16",
  "subgroups",
  "subgroup-size-control",
  "chromium-experimental-subgroup-matrix",
  "timestamp-query",
];

/**
 * Flags for Dawn: features that it hides (f16 on NVIDIA, matrices of subgroups), timestamps in full, and no zeroing of workgroup
 * memory, which no kernel reads before it has written it.
 */
export const dawnFlags: readonly string[] = [
  "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init",
  "disable-dawn-features=timestamp_quantization",
];

/**
 * GPU objects, for good: Dawn crashes the process when one is collected before everything that came of it, adapters and destroyed devices
 * too, and in which order that happens nobody can say.
 */
const kept = new Set<GPU>();

/**
 * Opens a device with every limit and feature of its adapter.
 *
 * @throws AttuneError `DEPENDENCY_MISSING` in Node without the package webgpu, `DEVICE_UNAVAILABLE` in a browser without WebGPU,
 * without an adapter or where it gives no device
 */
export async function openDevice(options: DeviceOptions = {}): Promise<OpenedDevice> {
  const gpu = options.gpu ?? (await findGpu(options));
  kept.add(gpu);
  const adapter = await requestAdapter(gpu, options);
  const features = wantedFeatures.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const device = await requestDevice(adapter, features);
  return { device, features: new Set(features), info: adapter.info };
}

async function requestAdapter(
  gpu: GPU,
  { powerPreference = "high-performance", adapter }: DeviceOptions,
): Promise<GPUAdapter> {
  let found: GPUAdapter | null;
  try {
    found = await gpu.requestAdapter({ powerPreference });
  } catch (cause) {
    // Dawn rejects names and flags that fit nothing, and lists what there is.
    throw new AttuneError(
      "DEVICE_UNAVAILABLE",
      `WebGPU gives no adapter: ${cause instanceof Error ? cause.message : cause}.`,
      {
        hint:
          adapter === undefined
            ? "Leave out the flags, or give others."
            : `Give a part of one of these names instead of "${adapter}", in the same upper and lower case.`,
        cause,
      },
    );
  }
  if (found !== null) return found;
  throw new AttuneError("DEVICE_UNAVAILABLE", "WebGPU found no adapter on this machine.", { hint: withoutAdapter() });
}

function withoutAdapter(): string {
  if (!isNode())
    return "Turn on graphics acceleration in the browser's settings and update the GPU driver; chrome://gpu says what is blocked.";
  if (process.platform !== "linux")
    return "Install a GPU driver with Metal or Direct3D 12, or use the CPU (--device cpu).";
  return "Install the GPU driver's Vulkan part and Vulkan's loader (Debian and Ubuntu: libvulkan1, for NVIDIA also libglvnd0 and libegl1), in a container with NVIDIA_DRIVER_CAPABILITIES=all; where the driver's manifest lies elsewhere, VK_DRIVER_FILES names it. Or use the CPU (--device cpu).";
}

async function requestDevice(adapter: GPUAdapter, requiredFeatures: GPUFeatureName[]): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({ requiredFeatures, requiredLimits: limitsOf(adapter.limits) });
  } catch (cause) {
    throw new AttuneError("DEVICE_UNAVAILABLE", `Adapter "${nameOf(adapter.info)}" gives no device.`, {
      hint: "Close programs that hold the GPU, or use the CPU (--device cpu).",
      cause,
    });
  }
}

/** Readable name of an adapter. */
export function nameOf({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  // Browsers keep the device to themselves; elsewhere it alone tells two GPUs of one architecture apart.
  return [vendor, architecture, device, description].filter((part) => part).join(" ") || "unnamed adapter";
}

function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") all[name] = value;
  }
  return all;
}

async function findGpu({ adapter, flags = [] }: DeviceOptions): Promise<GPU> {
  const browser = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (browser !== undefined) return browser;
  if (!isNode()) throw withoutWebgpu();
  const { create } = await importDawn();
  return create([...(adapter === undefined ? [] : [`adapter=${adapter}`]), ...flags, ...dawnFlags]);
}

function isNode(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
}

/** Browsers show WebGPU to pages from https and from this machine alone. */
function withoutWebgpu(): AttuneError {
  if ((globalThis as { isSecureContext?: boolean }).isSecureContext === false) {
    return new AttuneError("DEVICE_UNAVAILABLE", "This page has no WebGPU, because it was not opened over https.", {
      hint: "Open it over https, or from localhost.",
    });
  }
  return new AttuneError("DEVICE_UNAVAILABLE", "This browser has no WebGPU.", {
    hint: "Use a current Chrome or Edge, Safari 26, or Firefox 141 or later; in Chromium on Linux start it with --enable-unsafe-webgpu.",
  });
}

/** The package is an optional peer: its name is no literal, so that bundlers for browsers do not look for it. */
async function importDawn(): Promise<DawnModule> {
  const name = "webgpu";
  try {
    return (await import(/* @vite-ignore */ name)) as DawnModule;
  } catch (cause) {
    throw new AttuneError(
      "DEPENDENCY_MISSING",
      `The package "webgpu", which brings WebGPU to Node, cannot be loaded.`,
      {
        hint: "Install it beside Attune: npm install webgpu@0.6 — or use the CPU (--device cpu).",
        cause,
      },
    );
  }
}

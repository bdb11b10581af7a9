import { AttuneError } from "@attune/spec";
import { createRuntime, type Runtime, roundsProductsToHalf } from "@attune/tensor-core";
import { memoryLimit } from "./memory-limit.ts";
import type { NumericsClass } from "./numerics-class.ts";
import type { Toolbox } from "./toolbox.ts";

/** Where a model runs. */
export interface DeviceOptions {
  /** Id of a device, or `auto` for the first, the CPU. Default `auto`. */
  readonly device?: string | undefined;
  /** Threads that compute; default one a core. */
  readonly threads?: number | null | undefined;
  /** Most that the CPU device may hold, such as `12GB`; default 4 GiB. More takes 64-bit addresses, which Node 24 has. */
  readonly memory?: string | null | undefined;
  /** Numerics class that a run to go on with was begun with; undefined: the fastest. */
  readonly numerics?: NumericsClass | undefined;
  /** Operands of matrix products: f32, or rounded to f16 with sums in f32, on GPUs that can. Default "f32". */
  readonly products?: "f32" | "f16" | undefined;
}

/** The id of the device that a name means. @throws AttuneError `DEVICE_UNAVAILABLE` listing those that are there */
export function resolveDevice(toolbox: Toolbox, device = "auto"): string {
  const id = device === "auto" ? [...toolbox.devices.keys()][0]! : device;
  if (toolbox.devices.has(id)) return id;
  throw new AttuneError("DEVICE_UNAVAILABLE", `There is no device "${device}" on this machine.`, {
    hint: `Use auto or one of: ${[...toolbox.devices.keys()].join(", ")}.`,
    details: { key: "device" },
  });
}

/**
 * Refuses products in f16 on the CPU before anything is opened: their operands would be rounded for nothing, as neither WebAssembly nor
 * a native BLAS multiplies in f16.
 *
 * @throws AttuneError `CONFIG_INCOMPATIBLE`, `DEVICE_UNAVAILABLE`
 */
export function checkProducts(toolbox: Toolbox, { device, products }: DeviceOptions): void {
  if (products !== "f16" || resolveDevice(toolbox, device) !== "cpu") return;
  const named = device === "cpu" ? "the device cpu" : "the device cpu, which auto stands for,";
  throw new AttuneError("CONFIG_INCOMPATIBLE", `Products in f16 are for GPUs: ${named} multiplies in f32 alone.`, {
    hint: "Use --device webgpu on a GPU with f16 (`attune doctor` says so), or leave products out. --storage f16 saves memory on a CPU.",
    details: { key: "products" },
  });
}

/**
 * Bytes that the CPU device may hold, undefined where nobody said so.
 *
 * @throws AttuneError `CONFIG_INCOMPATIBLE` for another device, which holds what it has; `OPTIONS_INVALID` for a size that cannot be had
 */
export function memoryOfDevice(toolbox: Toolbox, { device, memory }: DeviceOptions): number | undefined {
  if (memory == null) return undefined;
  const id = resolveDevice(toolbox, device);
  if (id === "cpu") return memoryLimit(memory);
  throw new AttuneError("CONFIG_INCOMPATIBLE", `memory is what the CPU device may hold, and the device is ${id}.`, {
    hint: "Leave memory out, or use --device cpu.",
    details: { key: "memory" },
  });
}

/**
 * A runtime on a device.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE`, also where products in f16 are asked for and the device has none; `CONFIG_INCOMPATIBLE` for
 * those on the CPU; `OPTIONS_INVALID` for a number of threads or a size of memory that is none
 */
export async function openDevice(
  toolbox: Toolbox,
  { device, threads, memory, numerics, products = "f32" }: DeviceOptions = {},
): Promise<Runtime> {
  checkProducts(toolbox, { device, products });
  const maxBytes = memoryOfDevice(toolbox, { device, memory });
  const id = resolveDevice(toolbox, device);
  const backend = await toolbox.devices.get(id)!({ threads: threads ?? undefined, maxBytes, numerics, products });
  if (products === "f32" || roundsProductsToHalf(backend.capabilities)) return createRuntime({ backend });
  await backend.dispose();
  throw new AttuneError("DEVICE_UNAVAILABLE", `The device "${id}" multiplies in f32 alone, and f16 is asked for.`, {
    hint: "Leave products out, or choose another device.",
    details: { key: "products" },
  });
}

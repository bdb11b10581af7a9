import { AttuneError } from "@attune/spec";
import { createRuntime, type Runtime } from "@attune/tensor-core";
import type { NumericsClass } from "./numerics-class.ts";
import type { Toolbox } from "./toolbox.ts";

/** Where a model runs. */
export interface DeviceOptions {
  /** Id of a device, or `auto` for the first, the CPU. Default `auto`. */
  readonly device?: string | undefined;
  /** Threads that compute; default one a core. */
  readonly threads?: number | null | undefined;
  /** Numerics class that a run to go on with was begun with; undefined: the fastest. */
  readonly numerics?: NumericsClass | undefined;
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

/** A runtime on a device. @throws AttuneError `DEVICE_UNAVAILABLE`, or `OPTIONS_INVALID` for a number of threads that is none */
export async function openDevice(
  toolbox: Toolbox,
  { device, threads, numerics }: DeviceOptions = {},
): Promise<Runtime> {
  const create = toolbox.devices.get(resolveDevice(toolbox, device))!;
  return createRuntime({ backend: await create({ threads: threads ?? undefined, numerics }) });
}

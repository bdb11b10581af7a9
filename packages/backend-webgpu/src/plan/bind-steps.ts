// Bind groups of a plan's steps: made once for the regions that are bound, and kept for the next run with the same ones.
import { AttuneError } from "@attune/spec";
import type { Allocation } from "@attune/tensor-core";
import type { GpuAllocation } from "../memory/device-memory.ts";
import type { BoundRange } from "./link-stage.ts";
import type { ScratchBuffer } from "./scratch-buffer.ts";
import type { Step } from "./submit-steps.ts";

/** Sets of regions whose bind groups are kept: programs bind the same ones every time, eager ops never. */
const keptBindings = 4;

/** The buffers of the backend's own that steps are bound to. */
export interface OwnBuffers {
  readonly scratch: ScratchBuffer;
  readonly constants: GPUBuffer;
}

interface BoundSteps {
  readonly buffers: readonly GPUBuffer[];
  readonly groups: readonly GPUBindGroup[];
}

/**
 * Binds regions, in the plan's order: one group a step.
 *
 * @throws AttuneError `MEMORY_EXCEEDED` where the device refuses what its limits allow
 */
export type BindSteps = (regions: readonly Allocation[]) => Promise<readonly GPUBindGroup[]>;

/** Makes the function that binds these steps. */
export function createBindSteps(
  device: GPUDevice,
  steps: readonly Step[],
  { scratch, constants }: OwnBuffers,
): BindSteps {
  const known: BoundSteps[] = [];
  return async (regions) => {
    const pieces = regions.map((region) => (region as GpuAllocation).pieces);
    const buffers = [...pieces, scratch.pieces()].flat();
    const found = known.find((each) => each.buffers.every((buffer, index) => buffer === buffers[index]));
    if (found) return found.groups;
    const bufferOf = ({ place, piece }: BoundRange): GPUBuffer =>
      typeof place === "number" ? pieces[place]![piece]! : place === "scratch" ? scratch.pieces()[piece]! : constants;
    const groups = await createGroups(device, steps, bufferOf);
    known.unshift({ buffers, groups });
    known.length = Math.min(known.length, keptBindings);
    return groups;
  };
}

async function createGroups(
  device: GPUDevice,
  steps: readonly Step[],
  bufferOf: (range: BoundRange) => GPUBuffer,
): Promise<readonly GPUBindGroup[]> {
  device.pushErrorScope("validation");
  const groups = steps.map(({ layout, stage }) =>
    device.createBindGroup({
      layout,
      entries: stage.ranges.map((range, binding) => ({
        binding,
        resource: { buffer: bufferOf(range), offset: range.offset, size: Math.ceil(range.bytes / 4) * 4 },
      })),
    }),
  );
  const refused = await device.popErrorScope();
  if (refused === null) return groups;
  throw new AttuneError("MEMORY_EXCEEDED", `The GPU does not bind what its limits allow: ${refused.message}`, {
    hint: "Update the GPU's driver, use a smaller batch, or use the CPU (--device cpu).",
  });
}

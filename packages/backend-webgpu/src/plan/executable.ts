// Replays a plan: pipelines and bind groups are made once, a run encodes dispatches and submits them in chunks.
import { AttuneError } from "@attune/spec";
import type { Allocation, DispatchTimes, Executable, Plan } from "@attune/tensor-core";
import type { DeviceHealth } from "../device/device-health.ts";
import { bufferUsage } from "../memory/buffer-usage.ts";
import type { GpuAllocation } from "../memory/device-memory.ts";
import { layOutPlan, type PlanLayout } from "./lay-out-plan.ts";
import type { BoundRange, LinkedStage } from "./link-stage.ts";
import type { PipelineCache } from "./pipelines.ts";
import { profileStages } from "./profile-stages.ts";
import type { ScratchBuffer } from "./scratch-buffer.ts";
import type { SplitLimits } from "./split-range.ts";

/** What plans of one device share. */
export interface ReplayContext {
  readonly device: GPUDevice;
  readonly health: DeviceHealth;
  readonly pipelines: PipelineCache;
  readonly scratch: ScratchBuffer;
  readonly alignment: number;
  readonly limits: SplitLimits;
  /** Called after each run that was submitted; resolves when another may be. */
  throttle(): Promise<void>;
}

/** Dispatches of the first submit, small so that the device starts while the host goes on encoding, and of those after it. */
const firstChunk = 16;
const chunk = 96;

/** Sets of regions whose bind groups are kept: programs bind the same ones every time, eager ops never. */
const keptBindings = 4;

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly stage: LinkedStage;
}

interface BoundSteps {
  readonly buffers: readonly GPUBuffer[];
  readonly groups: readonly GPUBindGroup[];
}

/** Compiles a plan. @throws AttuneError `INTERNAL` for a shader that the device refuses, `MEMORY_EXCEEDED` without room for its scratch */
export async function compilePlan(plan: Plan, context: ReplayContext): Promise<Executable> {
  const { device, health, pipelines, scratch, alignment, limits } = context;
  health.assert();
  const layout = layOutPlan(plan, alignment, limits);
  assertBindings(plan, layout, device.limits.maxStorageBuffersPerShaderStage);
  const compiled = await Promise.all(layout.stages.map((stage) => pipelines.get(stage)));
  const steps = compiled.map((made, index): Step => ({ ...made, stage: layout.stages[index]! }));
  await scratch.reserve(layout.scratchBytes);
  const constants = constantBuffer(device, layout.constants);
  const known: BoundSteps[] = [];
  let disposed = false;

  const bind = async (regions: readonly Allocation[]): Promise<BoundSteps> => {
    const pieces = regions.map((region) => (region as GpuAllocation).pieces);
    const buffers = [...pieces, scratch.pieces()].flat();
    const found = known.find((each) => each.buffers.every((buffer, index) => buffer === buffers[index]));
    if (found) return found;
    const bufferOf = ({ place, piece }: BoundRange): GPUBuffer =>
      typeof place === "number" ? pieces[place]![piece]! : place === "scratch" ? scratch.pieces()[piece]! : constants;
    device.pushErrorScope("validation");
    const groups = steps.map(({ layout: groupLayout, stage }) =>
      device.createBindGroup({
        layout: groupLayout,
        entries: stage.ranges.map((range, binding) => ({
          binding,
          resource: { buffer: bufferOf(range), offset: range.offset, size: Math.ceil(range.bytes / 4) * 4 },
        })),
      }),
    );
    const refused = await device.popErrorScope();
    if (refused !== null) throw bindingRefused(refused.message);
    const made = { buffers, groups };
    known.unshift(made);
    known.length = Math.min(known.length, keptBindings);
    return made;
  };

  /** Every dispatch takes as long as its stages together. */
  const profile = async (regions: readonly Allocation[]): Promise<DispatchTimes> => {
    health.assert();
    const { groups } = await bind(regions);
    const times = await profileStages(device, steps.length, (pass, index) => {
      const { pipeline, stage } = steps[index]!;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, groups[index]!);
      pass.dispatchWorkgroups(stage.workgroups[0], stage.workgroups[1], stage.workgroups[2]);
    });
    const milliseconds = Float64Array.from(plan.dispatches, (_, dispatch) =>
      times.subarray(layout.stageOf[dispatch]!, layout.stageOf[dispatch + 1]!).reduce((sum, time) => sum + time, 0),
    );
    return { milliseconds };
  };

  return {
    async run(regions, range) {
      health.assert();
      const from = layout.stageOf[range?.from ?? 0]!;
      const to = layout.stageOf[range?.to ?? plan.dispatches.length]!;
      if (from === to) return;
      const { groups } = await bind(regions);
      submitSteps(device, steps, groups, from, to);
      await context.throttle();
      health.assert();
    },
    ...(device.features.has("timestamp-query") ? { profile } : {}),
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const stage of layout.stages) pipelines.giveBack(stage);
      known.length = 0;
      constants.destroy();
    },
  };
}

/** A range in parts takes a binding each. */
function assertBindings(plan: Plan, { stages, stageOf }: PlanLayout, most: number): void {
  const stage = stages.findIndex(({ ranges }) => ranges.length > most);
  if (stage === -1) return;
  const { op, scope } = plan.dispatches[stageOf.findLastIndex((first) => first <= stage)]!;
  throw new AttuneError(
    "MEMORY_EXCEEDED",
    `Op "${op.id}" in "${scope}" has tensors that take ${stages[stage]!.ranges.length} bindings of this GPU's size; it has ${most} at once.`,
    { hint: "Use a smaller batch, a shorter sequence, or a GPU that binds larger buffers." },
  );
}

function bindingRefused(reason: string): AttuneError {
  return new AttuneError("MEMORY_EXCEEDED", `The GPU does not bind what its limits allow: ${reason}`, {
    hint: "Update the GPU's driver, use a smaller batch, or use the CPU (--device cpu).",
  });
}

/** One pass a chunk; a pipeline is set only where it changes. */
function submitSteps(
  device: GPUDevice,
  steps: readonly Step[],
  groups: readonly GPUBindGroup[],
  from: number,
  to: number,
): void {
  for (let start = from; start < to; ) {
    const end = Math.min(to, start + (start === from ? firstChunk : chunk));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | undefined;
    for (let index = start; index < end; index++) {
      const { pipeline, stage } = steps[index]!;
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, groups[index]!);
      pass.dispatchWorkgroups(stage.workgroups[0], stage.workgroups[1], stage.workgroups[2]);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    start = end;
  }
}

/** The constants of all kernels; operands without elements are bound to it as well. */
function constantBuffer(device: GPUDevice, bytes: Uint8Array): GPUBuffer {
  const buffer = device.createBuffer({
    size: Math.max(256, bytes.byteLength),
    usage: bufferUsage.storage | bufferUsage.copyTarget,
    label: "constants",
  });
  if (bytes.byteLength > 0) device.queue.writeBuffer(buffer, 0, bytes.buffer as ArrayBuffer);
  return buffer;
}

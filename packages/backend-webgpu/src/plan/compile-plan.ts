// A plan becomes steps with pipelines; a run binds its regions, encodes the steps and submits them.
import { AttuneError } from "@attune/spec";
import type { Allocation, DispatchTimes, Executable, Plan } from "@attune/tensor-core";
import type { DeviceHealth } from "../device/device-health.ts";
import { bufferUsage } from "../memory/buffer-usage.ts";
import { createBindSteps } from "./bind-steps.ts";
import { layOutPlan, type PlanLayout } from "./lay-out-plan.ts";
import type { PipelineCache } from "./pipelines.ts";
import { type EncodeStage, profileStages } from "./profile-stages.ts";
import type { ScratchBuffer } from "./scratch-buffer.ts";
import type { SplitLimits } from "./split-range.ts";
import { encodeStep, type Step, submitSteps } from "./submit-steps.ts";

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
  const bind = createBindSteps(device, steps, { scratch, constants });
  let disposed = false;

  const profile = async (regions: readonly Allocation[]): Promise<DispatchTimes> => {
    health.assert();
    const groups = await bind(regions);
    const encode: EncodeStage = (pass, index) => {
      pass.setPipeline(steps[index]!.pipeline);
      encodeStep(pass, steps[index]!, groups[index]!);
    };
    try {
      return dispatchTimes(layout, await profileStages(device, steps.length, encode));
    } catch (cause) {
      throw health.explain(cause);
    }
  };

  return {
    async run(regions, range) {
      health.assert();
      const from = layout.stageOf[range?.from ?? 0]!;
      const to = layout.stageOf[range?.to ?? plan.dispatches.length]!;
      if (from === to) return;
      const groups = await bind(regions);
      submitSteps(device, steps, groups, from, to);
      await context.throttle();
      health.assert();
    },
    ...(device.features.has("timestamp-query") ? { profile } : {}),
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const stage of layout.stages) pipelines.giveBack(stage);
      constants.destroy();
    },
  };
}

/** A dispatch takes as long as its stages together. */
function dispatchTimes({ stageOf }: PlanLayout, times: Float64Array): DispatchTimes {
  const milliseconds = Float64Array.from({ length: stageOf.length - 1 }, (_, dispatch) =>
    times.subarray(stageOf[dispatch], stageOf[dispatch + 1]).reduce((sum, time) => sum + time, 0),
  );
  return { milliseconds };
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

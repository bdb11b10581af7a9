import type { LinkedStage } from "./link-stage.ts";

/** A stage with its pipeline. */
export interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly stage: LinkedStage;
}

/** Dispatches of the first submit, small so that the device starts while the host goes on encoding, and of those after it. */
const firstChunk = 16;
const chunk = 96;

/** Encodes and submits steps `from` to `to`: one pass a chunk; a pipeline is set only where it changes. */
export function submitSteps(
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
      const step = steps[index]!;
      if (step.pipeline !== current) pass.setPipeline(step.pipeline);
      current = step.pipeline;
      encodeStep(pass, step, groups[index]!);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    start = end;
  }
}

/** What a step adds to a pass that has its pipeline set. */
export function encodeStep(pass: GPUComputePassEncoder, { stage }: Step, group: GPUBindGroup): void {
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(stage.workgroups[0], stage.workgroups[1], stage.workgroups[2]);
}

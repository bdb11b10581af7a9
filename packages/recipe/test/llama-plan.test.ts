// Speed by construction: what a step of LoRA on a model of 135 million parameters moves and dispatches on a GPU, read off its plan.
import { createPlanningBackend } from "@attune/backend-webgpu";
import { adamw } from "@attune/optim";
import {
  createRuntime,
  type DeviceDescription,
  type DispatchRoofline,
  knownDevices,
  type Plan,
  parseDevice,
  rooflineOf,
} from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { type PlannedTraining, traceTraining } from "../src/plan/plan-steps.ts";
import { createToolbox } from "../src/toolbox/toolbox.ts";
import { attachMethod } from "../src/train/trainee.ts";
import { llama135m } from "./llama-135m.ts";

const modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const runtime = createRuntime({ backend: createPlanningBackend() });

/** Plans of a step on so many packed rows of 512 tokens. */
function plansOf(rows: number): { readonly step: Plan; readonly update: Plan } {
  const model = llama135m(2);
  const method = { id: "lora", options: { rank: 8, targetModules: modules } };
  const training: PlannedTraining = {
    model,
    adapters: attachMethod(createToolbox(), model, method),
    optimizer: adamw({}),
    shape: { rows, blockLength: 512, headRows: undefined, terms: {}, recompute: false },
    clipNorm: 1,
  };
  const { traces } = traceTraining(training, runtime.backend.capabilities);
  return { step: runtime.plan(traces.forwardBackward), update: runtime.plan(traces.update) };
}

/** Dispatches that move more than 1.3 times what they have to. */
function wasteful(plan: Plan, device: DeviceDescription): { readonly name: string; readonly row: DispatchRoofline }[] {
  return rooflineOf(plan, device).flatMap((row, index) => {
    const { kernel, outputs } = plan.dispatches[index]!;
    const ratio = row.movedBytes / row.unavoidableBytes;
    return ratio > 1.3 ? [{ name: `${kernel} ${outputs[0]!.shape} ${ratio.toFixed(2)}`, row }] : [];
  });
}

describe.each([1, 4, 16])("a step of LoRA on %i rows of 512 tokens", (rows) => {
  const { step, update } = plansOf(rows);

  it.each(["h100", "rtx-4090", "m3-max"])(
    "moves at most 1.3 times the unavoidable bytes in any dispatch on %s",
    (id) => {
      for (const plan of [step, update]) expect(wasteful(plan, parseDevice(id)).map(({ name }) => name)).toEqual([]);
    },
  );

  it("moves more on a cache of a few MiB only in products that computing keeps waiting for anyway", () => {
    const found = wasteful(step, parseDevice("iris-xe"));
    expect(found.length).toBeGreaterThan(0);
    for (const { name, row } of found) {
      expect(name).toMatch(/^webgpu\.linear\.tiled/);
      expect(row.bound).toBe("compute");
    }
  });

  /**
   * Unsloth (unsloth/kernels/fast_lora.py, swiglu.py, rms_layernorm.py, rope_embedding.py; flash_bwd_launch_template.h of FlashAttention 2)
   * launches for a block with adapters on all seven products:
   *   forward: 7 x 3 products; 2 norms, 1 rotation of q and k, attention, SwiGLU, 2 additions to the residual stream: 28
   *   backward: products of dA and dB 7 x 4, of dx and dW of the adapted products 7 x 3; 2 norms, 1 rotation, 3 of attention, SwiGLU,
   *   2 additions: 58, before gradients are added to those of earlier micro-batches
   */
  it("dispatches no more a block than the best fused implementation", () => {
    const rooflines = rooflineOf(step, parseDevice("h100"));
    let launches = 0;
    for (const [index, { scope }] of step.dispatches.entries())
      if (scope.includes("layers.1.")) launches += rooflines[index]!.launches;
    expect(launches).toBeGreaterThan(60);
    // Where adapters go into weights, some of the work of the backward pass is in the forward pass.
    expect(launches).toBeLessThanOrEqual(28 + 58);
  });
});

it("says what every dispatch takes at least", () => {
  const { step } = plansOf(1);
  for (const device of knownDevices) {
    const rows = rooflineOf(step, device);
    expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    for (const row of rows) {
      const least = Math.max(row.flops / device.flops.f32, row.movedBytes / device.bandwidth);
      expect(row.seconds).toBeCloseTo(least, 12);
      expect(row.bound).toBe(row.flops / device.flops.f32 > row.movedBytes / device.bandwidth ? "compute" : "memory");
    }
  }
});

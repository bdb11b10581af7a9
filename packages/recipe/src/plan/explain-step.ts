// The dispatches of a training step against the roofline of a device: of this machine's CPU, or of a GPU that need not be there.
import {
  createRuntime,
  type DeviceDescription,
  operandsOfProducts,
  parseDevice,
  type Runtime,
  rooflineOf,
} from "@attune/tensor-core";
import { measureBandwidth, measureRate } from "./measure-rate.ts";
import { traceTraining } from "./plan-steps.ts";
import { plannedTraining } from "./predict-run.ts";
import type { PredictionInputs } from "./prediction-inputs.ts";

/** One dispatch of a step. */
export interface ExplainedDispatch {
  readonly program: "forward and backward" | "update";
  readonly kernel: string;
  readonly scope: string;
  readonly backward: boolean;
  readonly shapes: string;
  readonly flops: number;
  /** Bytes of its operands, and those that its kernel moves. */
  readonly bytes: number;
  readonly movedBytes: number;
  readonly launches: number;
  readonly seconds: number;
  /** Its part of the seconds of its program. */
  readonly share: number;
  readonly bound: "compute" | "memory";
}

/** A step against a device. */
export interface StepExplanation {
  readonly device: DeviceDescription;
  /** What operands of matrix products are rounded to. */
  readonly products: "f32" | "f16";
  readonly dispatches: readonly ExplainedDispatch[];
}

/** Explains a step; `products` are those of a GPU, and of the CPU f32. @throws AttuneError as `parseDevice` for a device that is none */
export async function explainStep(
  inputs: PredictionInputs,
  device: string,
  products: "f32" | "f16",
): Promise<StepExplanation> {
  const onCpu = device === "cpu";
  const runtime = onCpu ? inputs.runtime : await planningRuntime(products);
  const described = onCpu ? await describeRuntime(runtime, inputs.base.model.config.hiddenSize) : parseDevice(device);
  const { capabilities } = runtime.backend;
  const { traces } = traceTraining(plannedTraining(inputs), capabilities);
  const programs = [
    ["forward and backward", traces.forwardBackward],
    ["update", traces.update],
  ] as const;
  const dispatches = programs.flatMap(([program, build]) => {
    const plan = runtime.plan(build);
    return rooflineOf(plan, described).map(({ unavoidableBytes, ...row }, index): ExplainedDispatch => {
      const { kernel, scope, backward, inputs: types, outputs } = plan.dispatches[index]!;
      const shapes = [types, outputs]
        .map((side) => side.map(({ shape }) => `[${shape.join(",")}]`).join(" "))
        .join(" -> ");
      return { program, kernel, scope, backward, shapes, bytes: unavoidableBytes, ...row };
    });
  });
  return { device: described, products: operandsOfProducts(capabilities), dispatches };
}

async function planningRuntime(products: "f32" | "f16"): Promise<Runtime> {
  const { createPlanningBackend } = await import("@attune/backend-webgpu");
  return createRuntime({ backend: createPlanningBackend({ products }) });
}

/** What this machine reaches, measured in less than a second each. */
async function describeRuntime(runtime: Runtime, width: number): Promise<DeviceDescription> {
  return {
    id: "cpu",
    name: "this machine's CPU",
    flops: { f32: await measureRate(runtime, width, 3 * width) },
    bandwidth: await measureBandwidth(runtime),
    cacheBytes: 0,
    source: "measured: a product of the model's size, a sum of two large vectors",
  };
}

// The three plans of a run: forward and backward of a micro-batch into the gradient buffer, the optimizer's update, and the
// loss alone for evaluation. All share weights, State and the arena.
import type { Optimizer } from "@attune/optim";
import {
  add,
  concat,
  div,
  fill,
  gradients,
  isNaN as isNaNOp,
  minimum,
  mul,
  type Program,
  type Runtime,
  reshape,
  sqrt,
  sub,
  sumOfSquares,
  type Tensor,
  type Trace,
  tensorType,
  where,
} from "@attune/tensor-core";
import { termsOf } from "./check-parts.ts";
import type { Objective, ObjectiveContext } from "./objective.ts";
import { gradientsRegion, parametersRegion, type TrainableStore } from "./trainable-store.ts";

/** Reserved input names of the plans. */
const randomInput = "random";
const sumOutput = (term: string): string => `sum.${term}`;
const denominatorInput = (term: string): string => `denominator.${term}`;
const inverseScaleInput = "inverseLossScale";

/** Builders of the plans, apart from running them, so that `plan` can count their bytes. */
export interface StepTraces {
  forwardBackward(trace: Trace): void;
  update(trace: Trace): void;
  evaluate(trace: Trace): void;
}

/** What a step does with its gradient before the optimizer has it. */
export interface GradientOptions {
  readonly clipNorm: number | undefined;
  /** Whether the loss is scaled, and the gradient with it. Default false. */
  readonly lossScaling?: boolean | undefined;
}

/** The traced functions of a training step. */
export function createStepTraces(
  objective: Objective,
  store: Pick<TrainableStore, "ranges" | "segments" | "groups" | "size">,
  optimizer: Optimizer,
  options: GradientOptions,
): StepTraces {
  return {
    forwardBackward(trace) {
      const context = contextOf(trace, objective, true);
      const total = traceLoss(trace, objective, context);
      const parameters = store.ranges.map(({ shape, offset }) =>
        trace.state(parametersRegion, tensorType(shape), offset),
      );
      const made = gradients(total, parameters);
      store.ranges.forEach(({ shape, offset }, index) => {
        const sum = trace.state(gradientsRegion, tensorType(shape), offset);
        trace.update(
          sum,
          trace.asBackward("gradient", () => add(sum, made[index]!)),
        );
      });
    },
    update(trace) {
      traceUpdate(trace, store, optimizer, options);
    },
    evaluate(trace) {
      traceLoss(trace, objective, contextOf(trace, objective, false));
    },
  };
}

function contextOf(trace: Trace, objective: Objective, training: boolean): ObjectiveContext {
  const inputs = Object.fromEntries(
    Object.entries(objective.schema).map(([name, type]) => [name, trace.input(name, type)]),
  );
  return { trace, inputs, ...(training ? { random: trace.input(randomInput, tensorType([4], "u32")) } : {}) };
}

/** Names of the terms that were traced. */
export function tracedTerms({ forwardBackward }: Pick<StepPrograms, "forwardBackward">): string[] {
  return forwardBackward.plan.outputs.map(({ name }) => name.slice(sumOutput("").length));
}

/** Σ weight · sum / denominator; each term's sum is an output. */
function traceLoss(trace: Trace, objective: Objective, context: ObjectiveContext): Tensor {
  const parts = termsOf(objective, context).map(({ name, sum, weight }) => {
    const scalar = reshape(sum, [1]);
    trace.output(sumOutput(name), scalar);
    return mul(div(scalar, trace.input(denominatorInput(name), tensorType([1]))), weight);
  });
  return parts.reduce((total, part) => add(total, part));
}

/** Global-norm clipping, a skip on Inf or NaN, the optimizer, and an empty gradient buffer for the next step. */
function traceUpdate(
  trace: Trace,
  store: Pick<TrainableStore, "segments" | "groups" | "size">,
  optimizer: Optimizer,
  options: GradientOptions,
): void {
  const type = tensorType([store.size]);
  const parameters = trace.state(parametersRegion, type);
  const gradient = trace.state(gradientsRegion, type);
  const slots = optimizer.slots.map((slot) => trace.state(slot, type));
  const inverseScale = options.lossScaling ? trace.input(inverseScaleInput, tensorType([1])) : undefined;
  const stored = sqrt(sumOfSquares(gradient));
  const norm = inverseScale === undefined ? stored : mul(stored, inverseScale);
  const apply = where(isNaNOp(sub(norm, norm)), fill(trace, 0, [1]), fill(trace, 1, [1]));
  const columns = optimizer.hyperparameters(0, store.groups[0]!, 0).length;
  const given = trace.input("hyperparameters", tensorType([store.groups.length, columns]));
  const made = optimizer.update({
    parameters,
    gradient,
    slots,
    hyperparameters: withGradientScale(trace, given, [inverseScale, clipScale(trace, norm, options.clipNorm)]),
    apply,
    segments: store.segments,
  });
  trace.update(parameters, made.parameters);
  for (const [index, slot] of slots.entries()) trace.update(slot, made.slots[index]!);
  trace.update(gradient, fill(trace, 0, [store.size]));
  trace.output("gradientNorm", norm);
  trace.output("applied", apply);
}

/** min(1, clipNorm / (norm + 1e-6)). */
function clipScale(trace: Trace, norm: Tensor, clipNorm: number | undefined): Tensor | undefined {
  return clipNorm === undefined ? undefined : minimum(div(fill(trace, clipNorm, [1]), add(norm, 1e-6)), 1);
}

/** The table with its last column, the gradient scale, multiplied by the factors that are there. */
function withGradientScale(trace: Trace, table: Tensor, factors: readonly (Tensor | undefined)[]): Tensor {
  const given = factors.filter((factor) => factor !== undefined);
  if (given.length === 0) return table;
  const scale = given.reduce((product, factor) => mul(product, factor));
  return mul(table, concat([fill(trace, 1, [1, table.shape[1]! - 1]), reshape(scale, [1, 1])], 1));
}

/** The compiled plans. */
export interface StepPrograms {
  readonly forwardBackward: Program;
  readonly update: Program;
  readonly evaluate: Program | undefined;
  dispose(): void;
}

/** Compiles the plans; evaluation only where it is wanted. */
export async function compileStep(runtime: Runtime, traces: StepTraces, evaluates: boolean): Promise<StepPrograms> {
  const forwardBackward = await runtime.compile(traces.forwardBackward);
  const update = await runtime.compile(traces.update);
  const evaluate = evaluates ? await runtime.compile(traces.evaluate) : undefined;
  return {
    forwardBackward,
    update,
    evaluate,
    dispose() {
      for (const program of [forwardBackward, update, evaluate]) program?.dispose();
    },
  };
}

/** Inputs of the update: the optimizer's table, and what the gradient is multiplied by where the loss was scaled. */
export function updateInputs(table: readonly number[], lossScale: number | undefined): Record<string, Float32Array> {
  const hyperparameters = Float32Array.from(table);
  return lossScale === undefined
    ? { hyperparameters }
    : { hyperparameters, [inverseScaleInput]: Float32Array.of(1 / lossScale) };
}

/** Inputs of a micro-batch's plan beside the batch itself. A scaled loss is one with smaller denominators. */
export function stepInputs(
  batchInputs: Readonly<Record<string, ArrayLike<number>>>,
  denominators: Readonly<Record<string, number>>,
  random?: readonly [seed: number, step: number, microBatch: number],
  lossScale = 1,
): Record<string, ArrayLike<number>> {
  const inputs: Record<string, ArrayLike<number>> = { ...batchInputs };
  const counts = Object.values(denominators);
  // A term without tokens adds nothing; a step without any is not finite, so it is skipped.
  const least = counts.some((count) => count > 0) ? 1 : 0;
  for (const [term, value] of Object.entries(denominators)) {
    inputs[denominatorInput(term)] = Float32Array.of((value === 0 ? least : value) / lossScale);
  }
  if (random !== undefined) inputs[randomInput] = Uint32Array.of(...random, 0);
  return inputs;
}

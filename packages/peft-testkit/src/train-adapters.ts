import { type Adapters, beforeUpdate, hasUpdateHook, type PlacedAdapters, placeForTraining } from "@attune/peft-core";
import {
  adamw,
  add,
  div,
  elementCount,
  fill,
  gradients,
  minimum,
  mul,
  type Runtime,
  sqrt,
  sumOfSquares,
  type Tensor,
  type Trace,
  tensorType,
} from "@attune/tensor-core";

/** How adapters are trained. */
export interface TrainAdaptersOptions {
  /** Records the loss of a batch, given the random state of the step for dropout. */
  readonly loss: (trace: Trace, placed: Pick<PlacedAdapters, "placement">, random: Tensor) => Tensor;
  /** Inputs of each step. */
  readonly batches: readonly Readonly<Record<string, ArrayLike<number>>>[];
  /** Rate of each step. */
  readonly learningRate: (step: number) => number;
  readonly weightDecay?: number | undefined;
  /** Largest gradient norm. Default none. */
  readonly clipNorm?: number | undefined;
}

/** What training left behind. */
export interface TrainedAdapters {
  /** Values by parameter name, all of them. */
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly losses: readonly number[];
  /** Before clipping. */
  readonly gradientNorms: readonly number[];
}

const alignment = 64;
const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8] as const;

/** Trains adapters with AdamW for a few steps: the smallest loop that does it as `@attune/train` does, in two plans. */
export async function trainAdapters(
  runtime: Runtime,
  adapters: Adapters,
  initial: ReadonlyMap<string, Float32Array>,
  { loss, batches, learningRate, weightDecay = 0, clipNorm }: TrainAdaptersOptions,
): Promise<TrainedAdapters> {
  const { ranges, size, groups } = await allocate(runtime, adapters, initial);
  const placed = await placeForTraining(runtime, adapters, initial, ranges);
  const forward = await runtime.compile((trace) => {
    const total = loss(trace, placed, trace.input("random", tensorType([4], "u32")));
    trace.output("total", total);
    const leaves = ranges.map(({ shape, offset }) => trace.state("parameters", tensorType(shape), offset));
    gradients(total, leaves).forEach((gradient, index) => {
      trace.update(trace.state("gradients", tensorType(ranges[index]!.shape), ranges[index]!.offset), gradient);
    });
  });
  const update = await runtime.compile((trace) => traceUpdate(trace, size, ranges, groups.length, clipNorm));
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  for (const [step, inputs] of batches.entries()) {
    const random = forward.plan.inputs.some(({ name }) => name === "random") ? { random: [5, step, 0, 0] } : {};
    losses.push((await forward.run({ ...inputs, ...random }))["total"]![0]!);
    if (hasUpdateHook(adapters))
      await beforeUpdate(runtime, adapters, placed.placement, { step, steps: batches.length });
    const hyper = groups.flatMap((group) => [
      learningRate(step) * group.learningRateScale,
      beta1,
      beta2,
      epsilon,
      group.weightDecay ?? weightDecay,
      1 - beta1 ** (step + 1),
      1 - beta2 ** (step + 1),
      1,
    ]);
    gradientNorms.push((await update.run({ hyper }))["norm"]![0]!);
  }
  const values = await placed.read();
  for (const program of [forward, update]) program.dispose();
  placed.dispose();
  for (const region of regions) runtime.states.free(region);
  return { values, losses, gradientNorms };
}

const regions = ["parameters", "gradients", "firstMoment", "secondMoment"];

interface Range {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly group: number;
}

async function allocate(
  runtime: Runtime,
  adapters: Adapters,
  initial: ReadonlyMap<string, Float32Array>,
): Promise<{ ranges: Range[]; size: number; groups: Adapters["groups"] }> {
  const { groups } = adapters;
  let size = 0;
  const trainable = adapters.trainable(initial);
  const ranges = trainable.map(({ name, shape, group }) => {
    const offset = size;
    size += Math.ceil(elementCount(shape) / alignment) * alignment;
    return { name, shape, offset, group: groups.findIndex((each) => each.name === group) };
  });
  for (const region of regions) await runtime.states.allocate(region, size);
  for (const [index, { offset }] of ranges.entries())
    await runtime.states.write("parameters", trainable[index]!.initial(), offset);
  return { ranges, size, groups };
}

function traceUpdate(
  trace: Trace,
  size: number,
  ranges: readonly Range[],
  groupCount: number,
  clipNorm: number | undefined,
): void {
  const [parameters, gradient, firstMoment, secondMoment] = regions.map((region) =>
    trace.state(region, tensorType([size])),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const norm = sqrt(sumOfSquares(gradient));
  const scale =
    clipNorm === undefined ? fill(trace, 1, [1]) : minimum(div(fill(trace, clipNorm, [1]), add(norm, 1e-6)), 1);
  const segments = ranges.map(({ shape, offset, group }) => [offset, elementCount(shape), group] as const);
  const hyper = trace.input("hyper", tensorType([groupCount, 8]));
  const made = adamw(
    { parameters, gradient: mul(gradient, scale), firstMoment, secondMoment, hyper, apply: fill(trace, 1, [1]) },
    { segments },
  );
  [parameters, firstMoment, secondMoment].forEach((state, index) => {
    trace.update(state, made[index]!);
  });
  trace.output("norm", norm);
}

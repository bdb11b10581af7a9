// Trained parameters live in State, one contiguous f32 buffer a kind: masters, gradients and each optimizer slot. Parameters of a
// group are neighbours, so that one dispatch updates them all.

import type { Optimizer, ParameterGroup, ParameterSegment } from "@attune/optim";
import { AttuneError } from "@attune/spec";
import { elementCount, type Runtime, stateAlignment, type Tensor, type Trace, tensorType } from "@attune/tensor-core";

/** A parameter that this run trains. */
export interface TrainableParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its first values, row-major f32. */
  readonly initial: () => Float32Array | Promise<Float32Array>;
  /** Name of its group; "default" unless given. */
  readonly group?: string | undefined;
}

/** State regions of trained parameters. */
export const parametersRegion = "parameters";
export const gradientsRegion = "gradients";

/** Where a parameter lies in every buffer, in elements. */
export interface ParameterRange {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly group: number;
}

/** The layout of the buffers, and reading them by name. */
export interface TrainableStore {
  readonly ranges: readonly ParameterRange[];
  readonly segments: readonly ParameterSegment[];
  readonly groups: readonly ParameterGroup[];
  /** Elements of each buffer. */
  readonly size: number;
  /** Every parameter in a trace, by name, as an objective uses them. */
  tensors(trace: Trace): Readonly<Record<string, Tensor>>;
  /** Current values of every parameter, by name. */
  read(): Promise<Map<string, Float32Array>>;
}

/**
 * Lays parameters out: groups one after the other, each range aligned.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a parameter of a group that does not exist
 */
export function layOutParameters(
  parameters: readonly Pick<TrainableParameter, "name" | "shape" | "group">[],
  groups: readonly ParameterGroup[],
): { ranges: ParameterRange[]; size: number } {
  const ranges: ParameterRange[] = [];
  let offset = 0;
  groups.forEach((group, index) => {
    for (const { name, shape, group: wanted = "default" } of parameters) {
      if (wanted !== group.name) continue;
      ranges.push({ name, shape, offset, group: index });
      offset += Math.ceil(elementCount(shape) / stateAlignment) * stateAlignment;
    }
  });
  if (ranges.length !== parameters.length) {
    const known = new Set(groups.map((group) => group.name));
    const lost = parameters.find(({ group = "default" }) => !known.has(group));
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Parameter "${lost?.name}" is in group "${lost?.group}", which does not exist.`,
    );
  }
  return { ranges, size: offset };
}

/** Stretches of the buffers whose ranges share a group; padding belongs to the range before it. */
export function segmentsOf(ranges: readonly ParameterRange[], size: number): ParameterSegment[] {
  const sorted = [...ranges].sort((a, b) => a.offset - b.offset);
  const starts = sorted.filter((range, index) => index === 0 || sorted[index - 1]!.group !== range.group);
  return starts.map(({ offset, group }, index) => {
    const start = index === 0 ? 0 : offset;
    return { start, length: (starts[index + 1]?.offset ?? size) - start, group };
  });
}

/**
 * Allocates the buffers and writes the first values.
 *
 * @throws AttuneError `DATA_EMPTY` where nothing is trained, `SHAPE_MISMATCH` where first values do not fit their shape
 */
export async function createTrainableStore(
  runtime: Runtime,
  parameters: readonly TrainableParameter[],
  optimizer: Optimizer,
  groups: readonly ParameterGroup[] = [{ name: "default", learningRateScale: 1 }],
): Promise<TrainableStore> {
  if (parameters.length === 0) {
    throw new AttuneError("DATA_EMPTY", "No parameter is trained.", {
      hint: "Check target_modules, or which parts are frozen.",
    });
  }
  const { ranges, size } = layOutParameters(parameters, groups);
  await runtime.states.allocate(parametersRegion, size);
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  for (const { name, shape, offset } of ranges) {
    const values = await byName.get(name)!.initial();
    if (values.length !== elementCount(shape)) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `Parameter "${name}" has shape [${shape.join(", ")}] but ${values.length} first values.`,
      );
    }
    await runtime.states.write(parametersRegion, values, offset);
  }
  return adoptParameters(runtime, ranges, optimizer, groups);
}

/** Trains parameters that already lie in the State region "parameters", as a model loaded for full training has them. */
export async function adoptParameters(
  runtime: Runtime,
  ranges: readonly ParameterRange[],
  optimizer: Optimizer,
  groups: readonly ParameterGroup[] = [{ name: "default", learningRateScale: 1 }],
): Promise<TrainableStore> {
  const size = runtime.states.elements(parametersRegion);
  for (const region of [gradientsRegion, ...optimizer.slots]) await runtime.states.allocate(region, size);
  return {
    ranges,
    segments: segmentsOf(ranges, size),
    groups,
    size,
    tensors: (trace) =>
      Object.fromEntries(
        ranges.map(({ name, shape, offset }) => [name, trace.state(parametersRegion, tensorType(shape), offset)]),
      ),
    async read() {
      const all = (await runtime.states.read(parametersRegion)) as Float32Array;
      return new Map(ranges.map(({ name, shape, offset }) => [name, all.slice(offset, offset + elementCount(shape))]));
    },
  };
}

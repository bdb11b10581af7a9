// Where an adapter's values lie: trained ones in the State region that the optimizer updates, the others as read-only weights,
// values that a method's hook changes in a State region of their own.
import { type ParameterPlacement, type ParameterSource, readParameter, writeParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { elementCount, type Runtime, stateAlignment, tensorType } from "@attune/tensor-core";
import type { AdapterParameter } from "./adapter-parameter.ts";
import { type Adapters, valuesOf } from "./attach-adapters.ts";

/** Adapters whose values are in a runtime. */
export interface PlacedAdapters {
  /** What `visitors` takes. Placements of several calls can be joined into one map. */
  readonly placement: ParameterSource;
  /** Current values by parameter name; all, or those that are asked for. */
  read(names?: readonly string[]): Promise<Map<string, Float32Array>>;
  /** Puts other values in the place of these. Programs go on with them, nothing is traced again. */
  write(values: ReadonlyMap<string, Float32Array>): Promise<void>;
  /** Frees what this call allocated; ranges of the optimizer's buffer are not its own. */
  dispose(): void;
}

/** A range of the State region that holds trained parameters, in elements. */
export interface TrainedRange {
  readonly name: string;
  readonly offset: number;
}

/** Places every value as a read-only weight. */
export function placeForInference(
  runtime: Runtime,
  adapters: Pick<Adapters, "parameters">,
  values: ReadonlyMap<string, Float32Array>,
): Promise<PlacedAdapters> {
  return place(runtime, adapters.parameters, values, () => undefined);
}

/**
 * Places adapters whose trained parameters already lie in a State region.
 *
 * @param ranges - of the trainable store, by parameter name
 * @param region - the store's region. Default "parameters"
 * @throws AttuneError `ID_UNKNOWN` where a trained parameter has no range
 */
export function placeForTraining(
  runtime: Runtime,
  adapters: Pick<Adapters, "parameters">,
  values: ReadonlyMap<string, Float32Array>,
  ranges: readonly TrainedRange[],
  region = "parameters",
): Promise<PlacedAdapters> {
  const offsets = new Map(ranges.map(({ name, offset }) => [name, offset]));
  return place(runtime, adapters.parameters, values, ({ name, shape, role }) => {
    if (role !== "trained") return undefined;
    const offset = offsets.get(name);
    if (offset === undefined)
      throw new AttuneError("ID_UNKNOWN", `Trained parameter "${name}" has no range in "${region}".`);
    return { kind: "state", region, offset, type: tensorType(shape) };
  });
}

async function place(
  runtime: Runtime,
  parameters: readonly AdapterParameter[],
  values: ReadonlyMap<string, Float32Array>,
  given: (parameter: AdapterParameter) => ParameterPlacement | undefined,
): Promise<PlacedAdapters> {
  const placement = new Map<string, ParameterPlacement>();
  const undo: (() => void)[] = [];
  const dispose = (): void => {
    for (const step of undo.splice(0).reverse()) step();
  };
  try {
    for (const parameter of parameters) {
      const { name, shape, role } = parameter;
      const known = given(parameter);
      if (known !== undefined) placement.set(name, known);
      else if (role !== "state") {
        const type = tensorType(shape);
        await runtime.weights.set(`adapter:${name}`, type, valuesOf(values, name, shape));
        undo.push(() => runtime.weights.delete(`adapter:${name}`));
        placement.set(name, { kind: "weight", name: `adapter:${name}`, type });
      }
    }
    await placeState(
      runtime,
      parameters.filter(({ role }) => role === "state"),
      values,
      placement,
      undo,
    );
  } catch (error) {
    dispose();
    throw error;
  }
  const access = { parameters: placement };
  return {
    placement,
    async read(names = [...placement.keys()]) {
      const found = new Map<string, Float32Array>();
      for (const name of names) found.set(name, await readParameter(runtime, access, name));
      return found;
    },
    async write(changed) {
      for (const [name, floats] of changed) await writeParameter(runtime, access, name, floats);
    },
    dispose,
  };
}

/** One State region an adapter, so that adapters come and go independently. */
async function placeState(
  runtime: Runtime,
  parameters: readonly AdapterParameter[],
  values: ReadonlyMap<string, Float32Array>,
  placement: Map<string, ParameterPlacement>,
  undo: (() => void)[],
): Promise<void> {
  for (const adapter of new Set(parameters.map((parameter) => parameter.adapter))) {
    const own = parameters.filter((parameter) => parameter.adapter === adapter);
    const region = `adapter:${adapter}`;
    let end = 0;
    const offsets = own.map(({ shape }) => {
      const offset = end;
      end += Math.ceil(elementCount(shape) / stateAlignment) * stateAlignment;
      return offset;
    });
    await runtime.states.allocate(region, end);
    undo.push(() => runtime.states.free(region));
    for (const [index, { name, shape }] of own.entries()) {
      await runtime.states.write(region, valuesOf(values, name, shape), offsets[index]!);
      placement.set(name, { kind: "state", region, offset: offsets[index]!, type: tensorType(shape) });
    }
  }
}

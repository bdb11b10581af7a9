import type { JsonObject } from "@attune/spec";
import { AttuneError } from "@attune/spec";
import type { Runtime, TensorType, Trace } from "@attune/tensor-core";
import type { ModelConfig, ModelFamily, ParameterRole, ParameterSpec } from "./model-family.ts";
import type { ParameterPlacement, ParameterSource } from "./parameter-source.ts";
import { createScope, type Scope } from "./scope.ts";
import type { SiteVisitor } from "./site.ts";

/** A parameter that this run trains: a range of a State region, an f32 master. */
export interface TrainedParameter {
  readonly name: string;
  readonly region: string;
  /** First element in the region; a multiple of 64. */
  readonly offset: number;
  readonly length: number;
  readonly shape: readonly number[];
  readonly role: ParameterRole;
}

/** A model whose parameters are in a runtime. */
export interface Model<C extends ModelConfig = ModelConfig> {
  readonly family: ModelFamily<C>;
  readonly config: C;
  /** `config.json` as it was read. */
  readonly configJson: JsonObject;
  readonly generationConfig: JsonObject | undefined;
  /** Positions that its rotary tables cover. */
  readonly contextLength: number;
  readonly specs: readonly ParameterSpec[];
  /** Where each parameter is, tied names and rotary tables included. */
  readonly parameters: ParameterSource;
  readonly trained: readonly TrainedParameter[];
}

/** The root scope of a model in a trace, visited by `visitors` in order. */
export function modelScope(
  trace: Trace,
  model: Pick<Model, "parameters">,
  visitors: readonly SiteVisitor[] = [],
): Scope {
  return createScope(trace, { parameters: model.parameters, visitors });
}

/** Number of values a family's model has; tied parameters count once. */
export function countParameters<C extends ModelConfig>(family: ModelFamily<C>, config: C): number {
  return family
    .parameters(config)
    .filter(({ tiedTo }) => tiedTo === undefined)
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** The placement of a parameter. Throws `ID_UNKNOWN`. */
function placementOf(model: Pick<Model, "parameters">, name: string): ParameterPlacement {
  const placement = model.parameters.get(name);
  if (placement) return placement;
  throw new AttuneError("ID_UNKNOWN", `Expected a parameter "${name}", but the model has none of that name.`, {
    hint: `Its names begin with ${[...model.parameters.keys()].slice(0, 4).join(", ")}.`,
  });
}

/** Values of a parameter, wherever and in whatever format it is kept. @throws AttuneError `ID_UNKNOWN` for a name that the model lacks */
export async function readParameter(
  runtime: Runtime,
  model: Pick<Model, "parameters">,
  name: string,
): Promise<Float32Array> {
  const placement = placementOf(model, name);
  const { shape, format } = placement.type;
  if (placement.kind === "weight") {
    return Float32Array.from(format.decode(await runtime.weights.read(placement.name), shape));
  }
  return (await runtime.states.read(placement.region, placement.offset, elements(placement.type))) as Float32Array;
}

/**
 * Replaces the values of a parameter, rounded to the format it is kept in.
 *
 * @throws AttuneError `ID_UNKNOWN` for a name that the model lacks, `SHAPE_MISMATCH` for another number of values
 */
export async function writeParameter(
  runtime: Runtime,
  model: Pick<Model, "parameters">,
  name: string,
  values: Float32Array,
): Promise<void> {
  const placement = placementOf(model, name);
  if (values.length !== elements(placement.type)) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Parameter "${name}" has ${elements(placement.type)} values, got ${values.length}.`,
    );
  }
  if (placement.kind === "state") return runtime.states.write(placement.region, values, placement.offset);
  runtime.weights.delete(placement.name);
  await runtime.weights.set(placement.name, placement.type, values);
}

/** Frees the parameters of a model; programs traced with it can no longer run. */
export function disposeModel(runtime: Runtime, model: Pick<Model, "parameters">): void {
  const names = new Set<string>();
  const regions = new Set<string>();
  for (const placement of model.parameters.values()) {
    if (placement.kind === "weight") names.add(placement.name);
    else regions.add(placement.region);
  }
  for (const name of names) runtime.weights.delete(name);
  for (const region of regions) runtime.states.free(region);
}

function elements({ shape }: TensorType): number {
  return shape.reduce((product, size) => product * size, 1);
}

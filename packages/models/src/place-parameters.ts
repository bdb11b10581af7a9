// Decides where each parameter of a model will be and fills the runtime, whatever the values come from.
import { AttuneError, type JsonObject, type OptionKeys, type ProgressListener, throwIfAborted } from "@attune/spec";
import {
  type BytesToRead,
  bfloat16,
  float16,
  float32,
  type Runtime,
  type StorageFormat,
  stateAlignment,
  type TensorType,
  tensorType,
} from "@attune/tensor-core";
import { rotaryTables } from "./layers/rotary.ts";
import type { Model, TrainedParameter } from "./model.ts";
import type { ModelConfig, ModelFamily, ParameterSpec } from "./model-family.ts";
import type { ParameterPlacement } from "./parameter-source.ts";

/** Storage formats that a checkpoint can be kept in. */
export const storageFormats: Readonly<Record<"f32" | "bf16" | "f16", StorageFormat>> = {
  f32: float32,
  bf16: bfloat16,
  f16: float16,
};

/** How a model is put into a runtime. */
export interface PlacementOptions {
  /** Parameters that this run trains: all, or those that the function picks. Default none. */
  readonly trainable?: "all" | ((spec: ParameterSpec) => boolean) | undefined;
  /** State region of the trained parameters. Default "parameters". */
  readonly region?: string | undefined;
  /** In front of the names of weights, so that one runtime can hold several models. Default none. */
  readonly prefix?: string | undefined;
  /** Positions that the rotary tables cover. Default: those of the configuration, at most 8192. */
  readonly contextLength?: number | undefined;
  readonly onProgress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The keys of `PlacementOptions`. */
export const placementKeys: OptionKeys<PlacementOptions> = {
  trainable: true,
  region: true,
  prefix: true,
  contextLength: true,
  onProgress: true,
  signal: true,
};

/** Where values come from: the format that a parameter is best kept in, and its bytes in it, or its values in f32. */
export interface ParameterValues {
  format(spec: ParameterSpec): StorageFormat;
  components(spec: ParameterSpec, format: StorageFormat): Promise<readonly (Uint8Array | BytesToRead)[]>;
  floats(spec: ParameterSpec): Promise<Float32Array | BytesToRead>;
}

/** What is known of a model before it is in a runtime. */
export interface ModelIdentity {
  readonly family: ModelFamily;
  readonly config: ModelConfig;
  readonly configJson: JsonObject;
  readonly generationConfig?: JsonObject | undefined;
}

/** Parameters that are read at the same time: as many as Node has threads for reading. */
const atOnce = 4;

/** Puts parameters into a runtime, a few at a time. If one fails, the others are taken out again. */
export async function placeParameters(
  runtime: Runtime,
  { family, config, configJson, generationConfig }: ModelIdentity,
  values: ParameterValues,
  options: PlacementOptions,
): Promise<Model> {
  const { region = "parameters", prefix = "", signal, onProgress } = options;
  const specs = family.parameters(config);
  const own = specs.filter(({ tiedTo }) => tiedTo === undefined);
  const trained = layOutTrained(own, options.trainable, region);
  const contextLength = options.contextLength ?? Math.min(config.trainedPositions, 8192);
  const tables = rotaryTensors(family, config, contextLength);
  const parameters = new Map<string, ParameterPlacement>();
  const undo: (() => void)[] = [];
  try {
    if (trained.length > 0) {
      await runtime.states.allocate(region, regionLength(trained));
      undo.push(() => runtime.states.free(region));
    }
    const ranges = new Map(trained.map((parameter) => [parameter.name, parameter]));
    let done = 0;
    await forEachOf(own, atOnce, async (spec) => {
      throwIfAborted(signal);
      const range = ranges.get(spec.name);
      if (range) {
        await runtime.states.write(region, await values.floats(spec), range.offset);
        parameters.set(spec.name, { kind: "state", region, offset: range.offset, type: tensorType(spec.shape) });
      } else {
        const format = storedAs(spec, values);
        const type = tensorType(spec.shape, "f32", format);
        await runtime.weights.put(prefix + spec.name, type, await values.components(spec, format));
        undo.push(() => runtime.weights.delete(prefix + spec.name));
        parameters.set(spec.name, { kind: "weight", name: prefix + spec.name, type });
      }
      onProgress?.({ stage: "load", done: ++done, total: own.length, unit: "tensors" });
    });
    for (const { name, type, values: table } of tables) {
      await runtime.weights.set(prefix + name, type, table);
      undo.push(() => runtime.weights.delete(prefix + name));
      parameters.set(name, { kind: "weight", name: prefix + name, type });
    }
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
  for (const { name, tiedTo } of specs) if (tiedTo !== undefined) parameters.set(name, parameters.get(tiedTo)!);
  return { family, config, configJson, generationConfig, contextLength, specs, parameters, trained };
}

/** Works on the items in order, `most` at a time. The first error is thrown once nothing is under way any more; no item begins after it. */
async function forEachOf<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      await work(items[next++]!).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: most }, lane));
  if (errors.length > 0) throw errors[0];
}

/** Vectors are kept in f32: they are small, and kernels read them as such. */
function storedAs(spec: ParameterSpec, values: ParameterValues): StorageFormat {
  return spec.role === "norm" || spec.role === "bias" ? float32 : values.format(spec);
}

function layOutTrained(
  own: readonly ParameterSpec[],
  trainable: PlacementOptions["trainable"],
  region: string,
): TrainedParameter[] {
  if (trainable === undefined) return [];
  let end = 0;
  return own
    .filter((spec) => trainable === "all" || trainable(spec))
    .map(({ name, shape, role }) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const offset = end;
      end = Math.ceil((offset + length) / stateAlignment) * stateAlignment;
      return { name, region, offset, length, shape, role };
    });
}

function regionLength(trained: readonly TrainedParameter[]): number {
  const last = trained.at(-1)!;
  return Math.ceil((last.offset + last.length) / stateAlignment) * stateAlignment;
}

/** Cosines and sines of the positions of a context. */
function rotaryTensors(
  family: ModelFamily,
  config: ModelConfig,
  contextLength: number,
): { readonly name: string; readonly type: TensorType; readonly values: Float32Array }[] {
  if (!Number.isSafeInteger(contextLength) || contextLength < 1) {
    throw new AttuneError("OPTIONS_INVALID", `Expected contextLength to be a positive integer, got ${contextLength}.`);
  }
  const tables = family.rotaryTables(config, { positions: contextLength, sequenceLength: contextLength });
  const type = tensorType([contextLength, tables.cos.length / contextLength]);
  return (["cos", "sin"] as const).map((part) => ({ name: rotaryTables[part], type, values: tables[part] }));
}

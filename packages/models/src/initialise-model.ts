// Initial values of a model that is trained from scratch: N(0, σ²) for matrices, those that add to the residual stream divided
// by sqrt(2 · blocks), norms 1, biases 0; Radford et al., Language Models are Unsupervised Multitask Learners, section 2.3.
import { checkOptionKeys, type JsonObject } from "@attune/spec";
import { createRandomSequence, type Runtime } from "@attune/tensor-core";
import { findFamily } from "./find-family.ts";
import { defaultFamilies } from "./load-checkpoint.ts";
import type { Model } from "./model.ts";
import type { ModelConfig, ModelFamily, ParameterSpec } from "./model-family.ts";
import { type PlacementOptions, placementKeys, placeParameters, storageFormats } from "./place-parameters.ts";

/** How a model is initialised. */
export interface InitialiseOptions extends PlacementOptions {
  /** Each parameter depends on this and on its name alone. */
  readonly seed: number;
  readonly families?: readonly ModelFamily[] | undefined;
}

/** Puts a model with random values into a runtime; every parameter is trained unless `trainable` says otherwise. */
export async function initialiseModel(
  runtime: Runtime,
  configJson: JsonObject,
  options: InitialiseOptions,
): Promise<Model> {
  checkOptionKeys("initialiseModel", options, { ...placementKeys, families: true, seed: true });
  const family = findFamily(options.families ?? defaultFamilies, configJson);
  const config = family.parseConfig(configJson);
  const floats = async (spec: ParameterSpec): Promise<Float32Array> => initialValues(spec, config, options.seed);
  const identity = { family, config, configJson };
  const values = {
    format: () => storageFormats.f32,
    components: async (spec: ParameterSpec) => [new Uint8Array((await floats(spec)).buffer)],
    floats,
  };
  return placeParameters(runtime, identity, values, { ...options, trainable: options.trainable ?? "all" });
}

/** Initial values of one parameter. */
function initialValues(spec: ParameterSpec, config: ModelConfig, seed: number): Float32Array {
  const values = new Float32Array(spec.shape.reduce((product, size) => product * size, 1));
  if (spec.role === "norm") return values.fill(1);
  if (spec.role === "bias") return values;
  const deviation = config.initializerRange / (spec.residualProjection ? Math.sqrt(2 * config.blockCount) : 1);
  const random = createRandomSequence(seed, `initialise ${spec.name}`);
  for (let index = 0; index < values.length; index++) values[index] = deviation * random.normal();
  return values;
}

import { AttuneError } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { float32ToBytes, type TensorToWrite } from "@attune/weights";
import { type Model, readParameter } from "./model.ts";
import type { SaveOptions } from "./save-model.ts";

/**
 * The tensors of a model under their names in files, each read when it is written.
 *
 * @throws AttuneError `ID_UNKNOWN` for a replaced parameter that the model lacks
 */
export function modelTensors(
  runtime: Runtime,
  model: Model,
  { dtype = "BF16", replace = new Map() }: SaveOptions = {},
): TensorToWrite[] {
  const unknown = [...replace.keys()].find((name) => !model.specs.some((spec) => spec.name === name));
  if (unknown !== undefined) {
    throw new AttuneError(
      "ID_UNKNOWN",
      `Expected the name of a parameter to replace, but the model has no "${unknown}".`,
    );
  }
  return model.specs
    .filter(({ name, tiedTo }) => tiedTo === undefined || replace.has(name))
    .map(({ name, shape }) => ({
      name: model.family.names.toFile(name),
      dtype,
      shape,
      data: async () => float32ToBytes(await (replace.get(name)?.() ?? readParameter(runtime, model, name)), dtype),
    }));
}

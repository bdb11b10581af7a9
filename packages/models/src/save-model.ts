import type { JsonObject } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { writeCheckpoint } from "@attune/weights";
import type { Model } from "./model.ts";
import { modelTensors } from "./model-tensors.ts";

/** How a model is written. */
export interface SaveOptions {
  /** Element type of all tensors. Default "BF16". */
  readonly dtype?: "BF16" | "F16" | "F32" | undefined;
  /** Values to write in place of the model's own, by parameter name; a tied head that is given is untied. */
  readonly replace?: ReadonlyMap<string, () => Promise<Float32Array>> | undefined;
  /** Folder whose tokenizer files are copied. */
  readonly tokenizerFrom?: string | undefined;
  /** Default: the one that was loaded. */
  readonly generationConfig?: JsonObject | undefined;
  readonly maxShardBytes?: number | undefined;
}

const configDtypes = { BF16: "bfloat16", F16: "float16", F32: "float32" } as const;

/** Writes a checkpoint folder that Transformers and `loadModel` read. Tensors are read and converted one at a time. */
export async function saveModel(
  runtime: Runtime,
  model: Model,
  folder: string,
  options: SaveOptions = {},
): Promise<void> {
  const { dtype = "BF16", tokenizerFrom, generationConfig = model.generationConfig, maxShardBytes } = options;
  const tensors = modelTensors(runtime, model, options);
  const untied = tensors.some(({ name }) =>
    model.specs.some((spec) => spec.name === name && spec.tiedTo !== undefined),
  );
  const dtypeKey = "torch_dtype" in model.configJson ? "torch_dtype" : "dtype";
  const config = {
    ...model.configJson,
    [dtypeKey]: configDtypes[dtype],
    ...(untied ? { tie_word_embeddings: false } : {}),
  };
  await writeCheckpoint(folder, { config, generationConfig, tensors, tokenizerFrom, maxShardBytes });
}

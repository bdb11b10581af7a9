import { loadCheckpoint, type Model } from "@attune/models";
import type { JsonObject, Tokenizer } from "@attune/spec";
import { type Backend, createRuntime, type Runtime } from "@attune/tensor-core";
import bpe from "@attune/tokenizer-bpe";
import { createTokenizer } from "@attune/tokenizer-core";
import { openSafetensorsBytes } from "@attune/weights";

/** Name of the model, also in the adapter's configuration. */
export const modelName = "attune:tiny";

/** The files of a model. */
export interface ModelFiles {
  readonly config: JsonObject;
  readonly weights: Uint8Array;
  readonly tokenizer: JsonObject;
  readonly tokenizerConfig: JsonObject;
}

/** A model on a device. */
export interface OpenBase {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
}

/** Puts a model on a backend, which is disposed if that fails. */
export async function openBase(backend: Backend, files: ModelFiles): Promise<OpenBase> {
  const runtime = createRuntime({ backend });
  try {
    const tensors = await openSafetensorsBytes(files.weights, "model.safetensors");
    const model = await loadCheckpoint(runtime, {
      folder: modelName,
      config: files.config,
      generationConfig: undefined,
      tensors,
    });
    const tokenizer = createTokenizer(
      { source: "tokenizer.json", tokenizer: files.tokenizer, config: files.tokenizerConfig },
      bpe,
    );
    return { runtime, model, tokenizer };
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

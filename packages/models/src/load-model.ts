import type { Runtime } from "@attune/tensor-core";
import { type Checkpoint, openCheckpoint } from "@attune/weights";
import { type LoadOptions, loadCheckpoint } from "./load-checkpoint.ts";
import type { Model } from "./model.ts";

/** Loads a checkpoint folder, or one that is open, into a runtime. Throws as `loadCheckpoint` does. */
export async function loadModel(
  runtime: Runtime,
  source: string | Checkpoint,
  options: LoadOptions = {},
): Promise<Model> {
  if (typeof source !== "string") return loadCheckpoint(runtime, source, options);
  const checkpoint = await openCheckpoint(source);
  try {
    return await loadCheckpoint(runtime, checkpoint, options);
  } finally {
    await checkpoint.close();
  }
}

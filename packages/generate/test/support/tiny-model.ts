import { join } from "node:path";
import { type LoadOptions, loadModel, type Model } from "@attune/models";
import { createStrictBackend } from "@attune/tensor-conformance";
import { createRuntime, type Runtime } from "@attune/tensor-core";

/** The folder of the golden model, with what Transformers generated from it beside it. */
export const fixtures: string = join(import.meta.dirname, "..", "fixtures");

/** The golden model on the strict backend. */
export async function tinyModel(
  options: LoadOptions = {},
  folder: string = join(fixtures, "tiny"),
): Promise<{ runtime: Runtime; model: Model }> {
  const runtime = createRuntime({ backend: createStrictBackend() });
  return { runtime, model: await loadModel(runtime, folder, options) };
}

import { join } from "node:path";
import { type LoadOptions, loadModel, type Model } from "@attune/models";
import { createStrictBackend } from "@attune/tensor-conformance";
import { type Backend, createRuntime, type Runtime } from "@attune/tensor-core";

/** The folder of the golden model, with what Transformers generated from it beside it. */
export const fixtures: string = join(import.meta.dirname, "..", "fixtures");

/** The golden model, on the strict backend unless another is given. */
export async function tinyModel(
  options: LoadOptions = {},
  folder: string = join(fixtures, "tiny"),
  backend: Backend = createStrictBackend(),
): Promise<{ runtime: Runtime; model: Model }> {
  const runtime = createRuntime({ backend });
  return { runtime, model: await loadModel(runtime, folder, options) };
}

import { mergeModel } from "@attune/recipe";
import { openToolbox } from "../open/open-toolbox.ts";
import type { VerbAction } from "../verb.ts";
import type { MergeOptions } from "../verbs/merge.ts";

/** Merges an adapter into its base. */
export const merge: VerbAction<MergeOptions> = async (options, { host, signal, onProgress, note: onNotice }) => {
  const { plugin, dtype, model, adapter, output, device, products, threads, memory } = options;
  const toolbox = await openToolbox(host, plugin);
  const merged = await mergeModel(toolbox, {
    model,
    adapter,
    output,
    dtype: dtype.toUpperCase() as "BF16" | "F16" | "F32",
    device,
    products,
    threads,
    memory,
    onNotice,
    signal,
    onProgress,
  });
  return { json: { ...merged }, text: `${merged.tensors} tensors written to ${merged.output}` };
};

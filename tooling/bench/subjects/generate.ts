// Prefill and decoding by Attune's generator: a request names how many new tokens follow the prompt.
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { findNativeBlas } from "@attune/blas-native";
import { createGenerator } from "@attune/generate";
import { loadModel } from "@attune/models";
import { createRuntime } from "@attune/tensor-core";
import { options, serve } from "./serve.ts";

const {
  model: folder,
  threads,
  native,
  prompt,
} = options<{ model: string; threads: number; native: boolean; prompt: number[] }>();
enable256Bits();
const search = native ? await findNativeBlas() : undefined;
if (native && !search?.provider) throw new Error("No native BLAS was found.");
const runtime = createRuntime({ backend: createCpuBackend({ threads, gemm: search?.provider }) });
const model = await loadModel(runtime, folder);
const generator = createGenerator(runtime, model, { batch: 1 });
// The cache is laid out for the longest request first, so that no request makes it anew.
await generator.generate([{ ids: prompt }], { maxNewTokens: 129, stopIds: [] });

await serve({ node: process.versions.node, features: [...runtime.backend.capabilities.features] }, async (request) => {
  const times: number[] = [];
  const start = performance.now();
  const [row] = await generator.generate([{ ids: prompt, onToken: () => void times.push(performance.now() - start) }], {
    maxNewTokens: Number(request["tokens"]),
    stopIds: [],
  });
  const [first, last] = [times[0]!, times.at(-1)!];
  return { seconds: (request["tokens"] === 1 ? first : last - first) / 1000, ids: row!.ids };
});
await runtime.dispose();

// The plan of a LoRA step of SmolLM2-135M: traced and planned, or compiled as well, each time anew.
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { loadModel } from "@attune/models";
import { adamw } from "@attune/optim";
import { attachAdapters, initialiseAdapters, placeForTraining } from "@attune/peft-core";
import { lora } from "@attune/peft-lora";
import { createRuntime } from "@attune/tensor-core";
import { causalLanguageModeling, createStepTraces, createTrainableStore } from "@attune/train";
import { options, serve } from "./serve.ts";

const { model: folder } = options<{ model: string }>();
enable256Bits();
const runtime = createRuntime({ backend: createCpuBackend({ threads: 2 }) });
const model = await loadModel(runtime, folder);
const optimizer = adamw();
const adapters = attachAdapters(model, [
  { name: "default", method: lora, options: { rank: 8, alpha: 16, targetModules: "all-linear" } },
]);
const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 1 });
const store = await createTrainableStore(runtime, adapters.trainable(values), optimizer, adapters.groups);
const placed = await placeForTraining(runtime, adapters, values, store.ranges);
const objective = causalLanguageModeling({
  model,
  rows: 2,
  blockLength: 512,
  visitors: ({ random }) => adapters.visitors(placed.placement, { random }),
});
const { forwardBackward } = createStepTraces(objective, store, optimizer, { clipNorm: 1 });

const secondsOf = async (compile: boolean): Promise<number> => {
  const start = performance.now();
  if (compile) (await runtime.compile(forwardBackward)).dispose();
  else runtime.plan(forwardBackward);
  return (performance.now() - start) / 1000;
};
// A process that trains compiles once, before V8 has optimised the planner: this is what its user waits for.
const firstCompileSeconds = await secondsOf(true);
await serve({ node: process.versions.node, firstCompileSeconds }, async ({ compile }) => ({
  seconds: await secondsOf(compile === true),
}));
await runtime.dispose();

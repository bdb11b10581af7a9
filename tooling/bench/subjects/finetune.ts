// Fine-tuning by Attune's training loop: each request lets one optimizer step go. LoRA's initial values are written as a PEFT folder, so
// that peers begin with the same ones.
import { rmSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { findNativeBlas } from "@attune/blas-native";
import { initialiseModel, loadModel, type SiteVisitor } from "@attune/models";
import { adamw, createSchedule } from "@attune/optim";
import { attachAdapters, initialiseAdapters, placeForTraining, saveAdapter } from "@attune/peft-core";
import { lora } from "@attune/peft-lora";
import type { JsonObject } from "@attune/spec";
import { createRuntime } from "@attune/tensor-core";
import {
  adoptParameters,
  type BatchSource,
  causalLanguageModeling,
  createTrainableStore,
  type ObjectiveContext,
  type TrainableStore,
  train,
} from "@attune/train";
import { openRequests, options } from "./serve.ts";

interface Batches {
  readonly rows: number;
  readonly length: number;
  readonly batches: readonly (Readonly<Record<"ids" | "positions" | "documents" | "targets", number[]>> & {
    readonly tokens: number;
    readonly trainedTokens: number;
  })[];
}

const {
  model: folder,
  config,
  maxBytes,
  method,
  batches: file,
  adapter,
  threads,
  native,
} = options<{
  model: string;
  /** Of a model to begin from random values, instead of the one in the folder. */
  config?: JsonObject;
  maxBytes?: number;
  method: "lora" | "full";
  batches: string;
  adapter: string;
  threads: number;
  native: boolean;
}>();
const { rows, length, batches } = JSON.parse(await readFile(file, "utf8")) as Batches;
enable256Bits();
const search = native ? await findNativeBlas() : undefined;
if (native && !search?.provider) throw new Error("No native BLAS was found.");
const runtime = createRuntime({ backend: createCpuBackend({ threads, maxBytes, gemm: search?.provider }) });
const optimizer = adamw({ weightDecay: 0 });
const model =
  config === undefined
    ? await loadModel(runtime, folder, method === "full" ? { trainable: "all" } : {})
    : await initialiseModel(runtime, config, { seed: 1 });
let store: TrainableStore;
let visitors: ((context: ObjectiveContext) => readonly SiteVisitor[]) | undefined;
if (method === "full") {
  store = await adoptParameters(
    runtime,
    model.trained.map((range) => ({ ...range, group: 0 })),
    optimizer,
  );
} else {
  const adapters = attachAdapters(model, [
    { name: "default", method: lora, options: { rank: 8, alpha: 16, targetModules: "all-linear" } },
  ]);
  const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 1 });
  store = await createTrainableStore(runtime, adapters.trainable(values), optimizer, adapters.groups);
  const placed = await placeForTraining(runtime, adapters, values, store.ranges);
  visitors = ({ random }) => adapters.visitors(placed.placement, { random });
  // Written beside its place and moved there: another subject may be reading.
  const making = `${adapter}.${process.pid}`;
  await mkdir(making, { recursive: true });
  await saveAdapter(runtime, model, adapters, await placed.read(), making, { origin: { baseModel: folder } });
  rmSync(adapter, { recursive: true, force: true });
  await rename(making, adapter);
}

const { next, answer } = openRequests();
const stopped = Symbol("stopped");
let [given, begun] = [0, 0];
let request: ReturnType<typeof next> | undefined;
/** It is ready once its first step could begin: read, placed, planned and compiled. Seconds are those since the process began. */
const beReady = (): ReturnType<typeof next> => {
  const { features } = runtime.backend.capabilities;
  answer({ node: process.versions.node, features: [...features], startSeconds: performance.now() / 1000 });
  return next();
};
const source: BatchSource = {
  async next() {
    request ??= beReady();
    if ((await request) === undefined) throw stopped;
    const { tokens, trainedTokens, ...inputs } = batches[given % batches.length]!;
    const typed = Object.entries(inputs).map(([name, values]) => [name, Int32Array.from(values)]);
    given++;
    begun = performance.now();
    return { inputs: Object.fromEntries(typed), tokens, trainedTokens };
  },
  state: () => given,
  restore: () => {},
};
await train({
  runtime,
  store,
  optimizer,
  objective: causalLanguageModeling({ model, rows, blockLength: length, visitors }),
  source,
  schedule: createSchedule({ shape: "constant", learningRate: 1e-4, totalSteps: 1000 }),
  steps: 1000,
  clipNorm: 1,
  seed: 1,
  onProgress: ({ metrics }) => {
    const { tokens, trainedTokens } = batches[(given - 1) % batches.length]!;
    answer({ seconds: (performance.now() - begun) / 1000, loss: metrics?.["loss"], tokens, trainedTokens });
    request = next();
  },
}).catch((error: unknown) => {
  if (error !== stopped) throw error;
});
await runtime.dispose();

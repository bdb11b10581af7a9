// A tiny model, a deterministic corpus and a run over them, for the tests of the loop.
import { createCpuBackend } from "@attune/backend-cpu";
import { initialiseModel } from "@attune/models";
import { adamw, createSchedule } from "@attune/optim";
import { type Backend, createRandomSequence, createRuntime, type Runtime } from "@attune/tensor-core";
import {
  adoptParameters,
  causalLanguageModeling,
  createExampleSource,
  ignoredLabel,
  type LossTermWeights,
  lossTerms,
  parametersRegion,
  type TrainingExample,
  type TrainOptions,
  type TrainResult,
  train,
} from "../src/index.ts";

const config = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  vocab_size: 48,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  hidden_act: "silu",
};

/** Rows of ids that follow a rule, so that a loss can fall; the first `masked` tokens are not trained. */
export function tinyExamples(count: number, masked = 0, seed = 3): TrainingExample[] {
  const random = createRandomSequence(seed, "examples");
  return Array.from({ length: count }, (_, row) => {
    const length = 4 + random.integer(20);
    const first = random.integer(40);
    const ids = Int32Array.from({ length }, (_, index) => 3 + ((first + index * index) % 40));
    const labels = ids.map((id, index) => (index < Math.min(masked, length - 1) ? ignoredLabel : id));
    return { id: `row ${row}`, ids, labels };
  });
}

export interface TinyOptions {
  readonly examples?: readonly TrainingExample[];
  readonly rows?: number;
  readonly blockLength?: number;
  readonly accumulation?: number;
  readonly packing?: boolean;
  readonly shuffle?: boolean;
  readonly headRows?: number | undefined;
  readonly terms?: LossTermWeights;
  readonly replay?: { readonly examples: readonly TrainingExample[]; readonly share: number };
  readonly recompute?: boolean;
  readonly threads?: number;
  readonly steps?: number;
  readonly learningRate?: number;
  /** Features that the device claims beside its own. */
  readonly features?: readonly string[];
  /** Another backend around the CPU's. */
  readonly change?: (backend: Backend) => Backend;
  /** As `beforeUpdate`. */
  readonly inject?: (runtime: Runtime, step: number) => Promise<void>;
  readonly more?: Partial<TrainOptions>;
}

/** Trains the tiny model; gives the result, the parameters and every step's metrics. */
export async function tinyRun(options: TinyOptions = {}): Promise<{
  result: TrainResult;
  parameters: Float32Array;
  metrics: Record<string, number>[];
}> {
  const { examples = tinyExamples(40), rows = 2, blockLength = 32, headRows, recompute, steps = 6 } = options;
  const cpu = createCpuBackend({ threads: options.threads ?? 1 });
  const features = new Set([...cpu.capabilities.features, ...(options.features ?? [])]);
  const backend = { ...cpu, capabilities: { ...cpu.capabilities, features } };
  const runtime = createRuntime({ backend: options.change?.(backend) ?? backend });
  try {
    const model = await initialiseModel(runtime, config, { seed: 11 });
    const optimizer = adamw({ weightDecay: 0.01 });
    const ranges = model.trained.map(({ name, shape, offset }) => ({ name, shape, offset, group: 0 }));
    const store = await adoptParameters(runtime, ranges, optimizer);
    const { packing, shuffle, replay, terms } = options;
    const layout = { rows, blockLength, headRows, terms: lossTerms(terms), padId: 0 };
    const source = createExampleSource({ examples, replay, ...layout, seed: 5, packing, shuffle });
    const metrics: Record<string, number>[] = [];
    const result = await train({
      runtime,
      store,
      objective: causalLanguageModeling({ model, rows, blockLength, headRows, recompute, terms }),
      source,
      optimizer,
      schedule: createSchedule({ shape: "constant", learningRate: options.learningRate ?? 0.01, totalSteps: steps }),
      steps,
      accumulation: options.accumulation,
      clipNorm: 1,
      seed: 9,
      beforeUpdate: async (step) => options.inject?.(runtime, step),
      onProgress: (event) => metrics.push({ ...event.metrics }),
      ...options.more,
    });
    return { result, parameters: (await runtime.states.read(parametersRegion)) as Float32Array, metrics };
  } finally {
    await runtime.dispose();
  }
}

/** Largest difference of two parameter vectors. */
export function distance(left: Float32Array, right: Float32Array): number {
  return left.reduce((largest, value, index) => Math.max(largest, Math.abs(value - right[index]!)), 0);
}

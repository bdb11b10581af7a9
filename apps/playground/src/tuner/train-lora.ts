import { createSchedule } from "@attune/optim";
import type { JsonObject, ProgressListener } from "@attune/spec";
import {
  causalLanguageModeling,
  createExampleSource,
  type TrainingJournal,
  type TrainResult,
  train,
  trainedTokenBound,
} from "@attune/train";
import type { AttachedLora } from "./attach-lora.ts";
import type { BuiltExamples } from "./build-examples.ts";
import type { OpenBase } from "./open-base.ts";
import type { TunerSettings } from "./settings.ts";

/** A run: what is learnt, how, and where it stands. */
export interface LoraRun {
  readonly settings: TunerSettings;
  readonly built: BuiltExamples;
  readonly journal: TrainingJournal;
}

/** Trains from where the journal stands to the last step, as a recipe with the same settings does. */
export function trainLora(
  { runtime, model, tokenizer }: OpenBase,
  lora: AttachedLora,
  { settings, built, journal }: LoraRun,
  options: { readonly signal: AbortSignal; readonly onProgress: ProgressListener },
): Promise<TrainResult> {
  const { rows, steps, seed, learningRate } = settings;
  const { examples, blockLength } = built;
  const bound = trainedTokenBound(examples, { rows, blockLength });
  const shape = { rows, blockLength, headRows: bound === rows * blockLength ? undefined : bound };
  const padId = tokenizer.specialTokens.pad ?? tokenizer.specialTokens.eos ?? 0;
  return train({
    runtime,
    store: lora.store,
    objective: causalLanguageModeling({
      model,
      visitors: ({ random }) => lora.adapters.visitors(lora.placed.placement, { random }),
      ...shape,
    }),
    source: createExampleSource({ examples, ...shape, padId, seed }),
    optimizer: lora.optimizer,
    schedule: createSchedule({ learningRate, totalSteps: steps, warmupSteps: Math.round(0.05 * steps) }),
    steps,
    clipNorm: 1,
    seed,
    journal,
    identity: settings as unknown as JsonObject,
    ...options,
  });
}

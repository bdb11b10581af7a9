// One training run over rows that are ready: batches, steps, schedule, checkpoints, evaluation. Pretraining, full fine-tuning and
// adapters differ only in their rows and in what is trained.
import type { Model } from "@attune/models";
import type { Optimizer } from "@attune/optim";
import { writeJsonAtomic } from "@attune/run-folder";
import type { JsonObject, JsonValue, ProgressListener, Tokenizer } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import {
  type BatchSource,
  createExampleSource,
  examplesOfEpoch,
  fileJournal,
  lossTerms,
  type ProfilingOptions,
  type StepProfile,
  type TrainingExample,
  type TrainResult,
  train,
  trainedTokenBound,
} from "@attune/train";
import type { TrainingConfig } from "../config/training-config.ts";
import { methodObjective, type ObjectiveShape } from "./method-objective.ts";
import type { Trainee } from "./trainee.ts";
import { scheduleOf, stepsOf } from "./training-steps.ts";

/** What is trained, on which rows. */
export interface TrainingJob {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly trainee: Trainee;
  readonly optimizer: Optimizer;
  readonly training: TrainingConfig;
  readonly rows: TrainingRowSet;
  readonly seed: number;
  readonly identity: JsonObject;
  readonly files: {
    readonly metrics: string;
    readonly checkpoint: string;
    readonly profile: string;
    readonly resume: boolean;
  };
  /** Asks for a profile, which is written first. */
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Rows by what they are for. */
export interface TrainingRowSet {
  readonly train: readonly TrainingExample[];
  readonly validation: readonly TrainingExample[];
  readonly replay: readonly TrainingExample[];
}

/** Trains; parameters that `training.keep` asks for lie in State afterwards. */
export async function runTraining(job: TrainingJob): Promise<TrainResult & { readonly steps: number }> {
  const { runtime, training, rows, trainee, optimizer, files } = job;
  const shape = objectiveShape(training, rows);
  const source = trainingSource(job, shape);
  const steps = stepsOf(training, source.batchesPerEpoch!);
  const { beforeUpdate } = trainee;
  const { metrics, checkpoint, resume } = files;
  const result = await train({
    runtime,
    store: trainee.store,
    objective: methodObjective(job.model, trainee, shape),
    source,
    optimizer,
    schedule: scheduleOf(training, steps),
    steps,
    accumulation: training.accumulation,
    clipNorm: training.clipNorm ?? undefined,
    seed: job.seed,
    beforeUpdate: beforeUpdate && ((step) => beforeUpdate(step, steps)),
    evaluation: evaluationOf(job, shape),
    patience: training.patience ?? undefined,
    journal: fileJournal({ metrics, checkpoint, resume, every: training.checkpointEvery }),
    identity: { ...job.identity, steps },
    profile: profilingOf(job),
    signal: job.signal,
    onProgress: job.onProgress,
  });
  if (training.keep === "best" && result.best !== undefined) await runtime.states.write("parameters", result.best);
  return { ...result, steps };
}

function profilingOf({ files, onProfile }: TrainingJob): ProfilingOptions | undefined {
  return (
    onProfile && {
      async onProfile(profile) {
        await writeJsonAtomic(files.profile, profile as unknown as JsonValue);
        onProfile(profile);
      },
    }
  );
}

/** The shape of every micro-batch of a run. The head sees only positions that some row trains. */
export function objectiveShape(
  training: TrainingConfig,
  { train: rows, validation, replay }: TrainingRowSet,
): ObjectiveShape {
  const { rows: count, blockLength, recompute, promptLossWeight: prompt } = training;
  const terms = { prompt, replay: replay.length === 0 ? undefined : training.replay!.weight };
  const size = { rows: count, blockLength, terms: lossTerms(terms) };
  const again = replay.length === 0 ? undefined : { examples: replay, share: training.replay!.share };
  const epoch = trainedTokenBound(examplesOfEpoch({ examples: rows, replay: again }), size);
  const bound = Math.max(epoch, trainedTokenBound(validation, size));
  return { rows: count, blockLength, headRows: bound === count * blockLength ? undefined : bound, recompute, terms };
}

/** What batches are made of. */
type BatchInputs = Pick<TrainingJob, "training" | "rows" | "tokenizer" | "seed">;

/** The batches of a run. */
export function trainingSource(inputs: BatchInputs, shape: ObjectiveShape): BatchSource {
  const { rows, training } = inputs;
  const replay = rows.replay.length === 0 ? undefined : { examples: rows.replay, share: training.replay!.share };
  return createExampleSource({ ...batchOptions(inputs, shape), examples: rows.train, replay });
}

/** The batches of one look at the validation loss, in their order. */
export function validationSource(inputs: BatchInputs, shape: ObjectiveShape): BatchSource {
  return createExampleSource({ ...batchOptions(inputs, shape), examples: inputs.rows.validation, shuffle: false });
}

function batchOptions(
  { training, tokenizer, seed }: BatchInputs,
  { rows, blockLength, headRows, terms }: ObjectiveShape,
) {
  const padId = tokenizer.specialTokens.pad ?? tokenizer.specialTokens.eos ?? 0;
  return { rows, blockLength, headRows, terms: lossTerms(terms), padId, seed, packing: training.packing };
}

function evaluationOf(job: TrainingJob, shape: ObjectiveShape) {
  const { evaluateEvery } = job.training;
  if (evaluateEvery === null || job.rows.validation.length === 0) return undefined;
  return {
    every: evaluateEvery,
    async *batches() {
      const source = validationSource(job, shape);
      for (let index = 0; index < source.batchesPerEpoch!; index++) yield await source.next();
    },
  };
}

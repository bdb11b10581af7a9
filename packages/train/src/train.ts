// The one training loop: any objective, any batch source, any set of trained parameters. Everything that follows from the
// data is fixed by seed and position, so a run that was killed goes on to the same bytes.
import type { Optimizer, Schedule } from "@attune/optim";
import { AttuneError, type JsonObject, type JsonValue, type ProgressListener } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import type { Batch, BatchSource } from "./batch-source.ts";
import { assertSameTerms, denominatorsOf, learningRateOf, nextBatch } from "./check-parts.ts";
import { checkTrainOptions } from "./check-train-options.ts";
import { evaluateLoss } from "./evaluate-loss.ts";
import { type LossScaling, type LossScalingOptions, lossScalingOf, nextLossScale } from "./loss-scale.ts";
import type { Objective } from "./objective.ts";
import { createStepProfiler, type ProfilingOptions, type StepProfiler } from "./step-profiler.ts";
import {
  compileStep,
  createStepTraces,
  type StepPrograms,
  stepInputs,
  tracedTerms,
  updateInputs,
} from "./step-programs.ts";
import { createStopwatch, type Stopwatch } from "./stopwatch.ts";
import { gradientsRegion, parametersRegion, type TrainableStore } from "./trainable-store.ts";
import type { JournaledRun, TrainingJournal, TrainingPosition } from "./training-journal.ts";

/** What a run is made of. */
export interface TrainOptions {
  readonly runtime: Runtime;
  readonly store: TrainableStore;
  readonly objective: Objective;
  readonly source: BatchSource;
  readonly optimizer: Optimizer;
  /** Learning rate by applied step. */
  readonly schedule: Schedule;
  /** Optimizer steps to try. */
  readonly steps: number;
  /** Micro-batches of one optimizer step. Default 1. */
  readonly accumulation?: number | undefined;
  /** Largest global gradient norm; undefined clips nothing. */
  readonly clipNorm?: number | undefined;
  /** Scales the loss, so that gradients survive f16. Default: on a device whose products round to f16, and there it has to be. */
  readonly lossScaling?: boolean | LossScalingOptions | undefined;
  readonly seed: number;
  /**
   * Runs between the last backward pass and the update of each step: methods that look at gradients (AdaLoRA). The buffer holds them times
   * the loss scale, 1 where the loss is not scaled.
   */
  readonly beforeUpdate?: ((step: number, lossScale: number) => Promise<void>) | undefined;
  /** Held-out micro-batches, made anew for each evaluation. */
  readonly evaluation?: { readonly batches: () => AsyncIterable<Batch>; readonly every: number } | undefined;
  /** Evaluations without a lower loss after which the run ends. */
  readonly patience?: number | undefined;
  /** Keeps metrics and checkpoints: `fileJournal`, `memoryJournal` or another. A run goes on from what is in it; none keeps nothing. */
  readonly journal?: TrainingJournal | undefined;
  /** What must be the same for a resume: hashes of data, model, tokenizer, template and options. */
  readonly identity?: JsonObject | undefined;
  /** Aborting ends the step, saves, and throws `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Times the kernels of some steps. Changes no number but the times of these steps. Default: none. */
  readonly profile?: ProfilingOptions | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** How a run ended. Parameters lie in State; `best` holds those of the best evaluation, if there was one. */
export interface TrainResult {
  readonly position: TrainingPosition;
  readonly best: Float32Array | undefined;
  /** Set where early stopping ended the run. */
  readonly stoppedEarly: boolean;
  /** Steps that changed nothing: the gradient was not finite, or no token of the step was trained. */
  readonly skippedSteps: number;
}

/** A running run: what the steps share. */
interface Run {
  readonly options: TrainOptions;
  readonly programs: StepPrograms;
  readonly position: TrainingPosition;
  readonly stopwatch: Stopwatch;
  readonly profiler: StepProfiler;
  readonly scaling: LossScaling | undefined;
  best: Float32Array | undefined;
  savedStep: number;
}

/**
 * Trains until the steps are done, early stopping ends the run, or the signal aborts it.
 *
 * @throws AttuneError `OPTIONS_INVALID` or `CONFIG_UNKNOWN_KEY` before any work, `ABORTED` after saving, `RUN_MISMATCH` where a checkpoint is of another run, `NUMERICS` after ten steps in
 * a row without a finite gradient
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkTrainOptions(options);
  const scaling = lossScalingOf(options.lossScaling, options.runtime.backend.capabilities);
  const traces = createStepTraces(options.objective, options.store, options.optimizer, {
    clipNorm: options.clipNorm,
    lossScaling: scaling !== undefined,
  });
  const programs = await compileStep(options.runtime, traces, options.evaluation !== undefined);
  const run: Run = {
    options,
    programs,
    position: {
      step: 0,
      appliedSteps: 0,
      trainedTokens: 0,
      source: options.source.state(),
      best: undefined,
      evaluationsWithoutGain: 0,
      stopped: false,
      ...(scaling ? { lossScale: { scale: scaling.initial, steps: 0 } } : {}),
    },
    scaling,
    stopwatch: createStopwatch(),
    profiler: createStepProfiler(options.profile),
    best: undefined,
    savedStep: -1,
  };
  try {
    await goOn(run);
    run.profiler.start(programs.forwardBackward, options.steps - run.position.step);
    await runSteps(run);
    await run.profiler.finish();
    await save(run);
  } finally {
    await options.journal?.close();
    programs.dispose();
  }
  const { position, best } = run;
  return { position, best, stoppedEarly: position.stopped, skippedSteps: position.step - position.appliedSteps };
}

/** Goes on from the last checkpoint, where there is one. */
async function goOn(run: Run): Promise<void> {
  const { journal, source } = run.options;
  const found = await journal?.open(journaled(run));
  if (found === undefined) return;
  if ((found.position.lossScale === undefined) !== (run.scaling === undefined)) {
    throw new AttuneError("RUN_MISMATCH", "Of the checkpoint and this run, only one scales its loss.", {
      hint: "Resume on the device that the run was begun on, with the same lossScaling.",
    });
  }
  Object.assign(run.position, found.position);
  run.best = found.best;
  run.savedStep = run.position.step;
  source.restore(run.position.source);
}

function journaled({ options }: Run): JournaledRun {
  const { runtime, store, optimizer, identity = {} } = options;
  return { runtime, store, slots: optimizer.slots, identity };
}

async function runSteps(run: Run): Promise<void> {
  const { options, position } = run;
  let unfiniteInARow = 0;
  while (position.step < options.steps && !position.stopped) {
    if (options.signal?.aborted) await abort(run);
    const made = await takeStep(run);
    unfiniteInARow = made.finite ? 0 : unfiniteInARow + 1;
    if (unfiniteInARow === 10) {
      throw new AttuneError(
        "NUMERICS",
        `Ten steps in a row, up to step ${position.step}, had a gradient that is not finite.`,
        {
          hint: "Lower the learning rate, and look at the rows of these steps.",
        },
      );
    }
    const evaluated = await evaluateIfDue(run);
    await record(run, { ...made.record, ...evaluated });
    const { journal } = options;
    if (journal && (position.step % journal.every === 0 || position.stopped)) await save(run);
  }
}

/** What a step did to the parameters, and what is told of it. */
interface Update {
  /** 1 where the optimizer changed the parameters, 0 where it left them as they were. */
  readonly applied: number;
  readonly finite: boolean;
  readonly metrics: Record<string, number>;
}

/** One optimizer step: micro-batches into the gradient buffer, then the update. */
async function takeStep(run: Run): Promise<{ finite: boolean; record: Record<string, number> }> {
  const { options, position, stopwatch } = run;
  const { accumulation = 1, source } = options;
  stopwatch.start();
  const batches: Batch[] = [];
  for (let index = 0; index < accumulation; index++) batches.push(await nextBatch(source));
  const trainedTokens = batches.reduce((sum, batch) => sum + batch.trainedTokens, 0);
  const { applied, finite, metrics } = trainedTokens === 0 ? learnNothing(run, batches) : await learn(run, batches);
  const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0);
  position.step++;
  position.appliedSteps += applied;
  position.trainedTokens += trainedTokens;
  position.source = source.state();
  const seconds = stopwatch.stop(tokens);
  await run.profiler.endStep(position.step, seconds);
  return { finite, record: { ...metrics, applied, tokens, seconds, tokensPerSecond: tokens / seconds } };
}

async function learn(run: Run, batches: readonly Batch[]): Promise<Update> {
  const { options, programs, position, profiler } = run;
  const { store, optimizer, objective, seed } = options;
  const denominators = denominatorsOf(objective, batches);
  assertSameTerms(objective, tracedTerms(programs), Object.keys(denominators));
  const sums: Record<string, number> = {};
  const lossScale = position.lossScale?.scale;
  for (const [index, batch] of batches.entries()) {
    const outputs = await profiler.run(
      programs.forwardBackward,
      stepInputs(batch.inputs, denominators, [seed, position.step, index], lossScale),
    );
    for (const [name, value] of Object.entries(outputs)) sums[name] = (sums[name] ?? 0) + value[0]!;
  }
  await options.beforeUpdate?.(position.step, lossScale ?? 1);
  const learningRate = learningRateOf(options.schedule, position.appliedSteps);
  const table = store.groups.flatMap((group) => optimizer.hyperparameters(learningRate, group, position.appliedSteps));
  const outputs = await profiler.run(programs.update, updateInputs(table, lossScale), true);
  const [gradientNorm, applied] = [outputs["gradientNorm"]![0]!, outputs["applied"]![0]!];
  const finite = applied === 1;
  const metrics = { ...meanTerms(sums, denominators), learningRate, gradientNorm };
  if (position.lossScale === undefined) return { applied, finite, metrics };
  position.lossScale = nextLossScale(position.lossScale, finite, run.scaling!.growthInterval);
  return { applied, finite, metrics: { ...metrics, lossScale: lossScale! } };
}

/** Without a token that the loss counts there is no gradient, and no step either: momentum and decay would act. */
function learnNothing({ options, position }: Run, batches: readonly Batch[]): Update {
  const terms = Object.keys(denominatorsOf(options.objective, batches)).map((term) => [term, 0]);
  const learningRate = learningRateOf(options.schedule, position.appliedSteps);
  return {
    applied: 0,
    finite: true,
    metrics: { ...Object.fromEntries(terms), learningRate, gradientNorm: 0 },
  };
}

/** The mean of each term that the step has tokens of. */
function meanTerms(
  sums: Readonly<Record<string, number>>,
  denominators: Readonly<Record<string, number>>,
): Record<string, number> {
  const terms = Object.entries(denominators);
  const counted = terms.length === 1 ? terms : terms.filter(([, denominator]) => denominator > 0);
  return Object.fromEntries(counted.map(([term, denominator]) => [term, sums[`sum.${term}`]! / denominator]));
}

async function evaluateIfDue(run: Run): Promise<Record<string, number>> {
  const { options, position, programs } = run;
  if (!options.evaluation || !programs.evaluate) return {};
  if (position.step % options.evaluation.every !== 0 && position.step !== options.steps) return {};
  const losses = await evaluateLoss(programs.evaluate, options.objective, options.evaluation.batches());
  const loss = losses["loss"] ?? Object.values(losses)[0]!;
  if (position.best === undefined || loss < position.best.loss) {
    position.best = { step: position.step, loss };
    position.evaluationsWithoutGain = 0;
    run.best = (await options.runtime.states.read(parametersRegion)) as Float32Array;
  } else position.evaluationsWithoutGain++;
  position.stopped = options.patience !== undefined && position.evaluationsWithoutGain >= options.patience;
  return Object.fromEntries(Object.entries(losses).map(([term, value]) => [`validation.${term}`, value]));
}

async function record(run: Run, values: Readonly<Record<string, number>>): Promise<void> {
  const { options, position, stopwatch } = run;
  await options.journal?.append({ step: position.step, ...values } as Record<string, JsonValue>);
  options.onProgress?.({
    stage: "train",
    done: position.step,
    total: options.steps,
    unit: "steps",
    metrics: { ...values, tokensPerSecond: stopwatch.tokensPerSecond() },
  });
}

/** Saves a checkpoint unless this step has one. */
async function save(run: Run): Promise<void> {
  const { options, position, best } = run;
  if (options.journal === undefined || run.savedStep === position.step) return;
  await options.journal.save(journaled(run), { position, best });
  run.savedStep = position.step;
}

async function abort(run: Run): Promise<never> {
  await save(run);
  const { step } = run.position;
  throw new AttuneError("ABORTED", `Training was interrupted after step ${step} of ${run.options.steps}.`, {
    ...(run.options.journal ? { hint: "Everything up to this step is saved; go on with --resume." } : {}),
  });
}

/** Frees the buffers of a run's parameters, gradients and optimizer slots. */
export function freeTrainingState(runtime: Runtime, optimizer: Optimizer): void {
  for (const region of [parametersRegion, gradientsRegion, ...optimizer.slots]) runtime.states.free(region);
}

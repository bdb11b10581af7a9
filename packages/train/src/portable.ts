// What needs no file system: all of it works in browsers too, where this is the package's entry.
export { ignoredLabel } from "@attune/tensor-core";
export type { Batch, BatchSource } from "./batch-source.ts";
export { type CausalLanguageModelingOptions, causalLanguageModeling } from "./causal-language-modeling.ts";
export { type CheckOptions, checkExamples, type ExampleCounts, type LongRows } from "./check-examples.ts";
export { type BatchShape, collateRows, trainedTokenBound } from "./collate-rows.ts";
export { createExampleSource, type ExampleSourceOptions, examplesOfEpoch } from "./example-source.ts";
export type { LossScale, LossScalingOptions } from "./loss-scale.ts";
export { type LossTerm, type LossTermWeights, lossTerms } from "./loss-terms.ts";
export { type MemoryJournal, memoryJournal } from "./memory-journal.ts";
export type { Objective, ObjectiveContext, ObjectiveTerm } from "./objective.ts";
export { type PackedPiece, packRows } from "./pack-rows.ts";
export type { KernelKind, KernelTime, StepProfile } from "./step-profile.ts";
export type { ProfilingOptions } from "./step-profiler.ts";
export { createStepTraces, type StepTraces } from "./step-programs.ts";
export { freeTrainingState, type TrainOptions, type TrainResult, train } from "./train.ts";
export {
  adoptParameters,
  createTrainableStore,
  layOutParameters,
  type ParameterRange,
  parametersRegion,
  segmentsOf,
  type TrainableParameter,
  type TrainableStore,
} from "./trainable-store.ts";
export {
  type TextSegment,
  type TokenizeOptions,
  type TrainingExample,
  tokenizeSegments,
  trainedCount,
} from "./training-example.ts";
export type { JournaledRun, SavedTraining, TrainingJournal, TrainingPosition } from "./training-journal.ts";

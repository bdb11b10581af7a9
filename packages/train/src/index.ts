export type { Batch, BatchSource } from "./batch-source.ts";
export { type CheckOptions, checkExamples, type ExampleCounts } from "./check-examples.ts";
export { collateRows } from "./collate-rows.ts";
export { evaluateLoss } from "./evaluate-loss.ts";
export { createExampleSource, type ExampleSourceOptions } from "./example-source.ts";
export type { Objective, ObjectiveContext, ObjectiveTerm } from "./objective.ts";
export { type PackedPiece, packRows } from "./pack-rows.ts";
export { createStepTraces, type StepTraces } from "./step-programs.ts";
export { freeTrainingState, type TrainOptions, type TrainResult, train } from "./train.ts";
export {
  createTrainableStore,
  layOutParameters,
  type ParameterRange,
  parametersRegion,
  type TrainableParameter,
  type TrainableStore,
} from "./trainable-store.ts";
export type { TrainingPosition } from "./training-checkpoint.ts";
export {
  ignoredLabel,
  type TextSegment,
  type TokenizeOptions,
  type TrainingExample,
  tokenizeSegments,
  trainedCount,
} from "./training-example.ts";

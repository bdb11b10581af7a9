export type { BaselineDocument } from "./baselines/majority-baseline.ts";
export { majorityBaseline } from "./baselines/majority-baseline.ts";
export type { TextBaseline, TextBaselineOptions } from "./baselines/text-baseline.ts";
export { fitTextBaseline } from "./baselines/text-baseline.ts";
export { textBaselineBytes } from "./baselines/text-baseline-bytes.ts";
export { applyDecision, fitBatchCalibration, fitCalibration } from "./classification/calibration.ts";
export { chooseShots } from "./classification/choose-shots.ts";
export { classificationMetrics } from "./classification/classification-metrics.ts";
export type { ClassificationRow } from "./classification/classification-row.ts";
export { parseClassificationRow } from "./classification/classification-row.ts";
export type { ClassificationDetails, ClassScores } from "./classification/classification-scoring.ts";
export { createClassificationScoring } from "./classification/classification-scoring.ts";
export type { ClassificationDocument, ClassificationTaskOptions } from "./classification/classification-task.ts";
export { createClassificationTask } from "./classification/classification-task.ts";
export type { ConfusionMatrix } from "./classification/confusion-matrix.ts";
export type { Calibration, Decision, Normalization } from "./classification/decision.ts";
export { createDecision } from "./classification/decision.ts";
export type { ReliabilityBin } from "./classification/reliability.ts";
export type { ChangedExample } from "./comparison/changed-examples.ts";
export { changedExamples } from "./comparison/changed-examples.ts";
export type { Comparison } from "./comparison/compare-evaluations.ts";
export { compareEvaluations } from "./comparison/compare-evaluations.ts";
export type { Forgetting, PairedEstimate } from "./comparison/forgetting.ts";
export { measureForgetting } from "./comparison/forgetting.ts";
export type { Evaluation, EvaluationResult } from "./evaluation.ts";
export { evaluate, evaluateRows } from "./evaluation.ts";
export { e2eLexicon } from "./generation/e2e-lexicon.ts";
export type { CheckedSlot, GenerationRow } from "./generation/generation-scoring.ts";
export { referenceBitsPerByteMetric, slotCoverageMetric } from "./generation/generation-scoring.ts";
export type { GenerationDocument, GenerationTaskOptions } from "./generation/generation-task.ts";
export { createGenerationTask } from "./generation/generation-task.ts";
export type { SlotValue } from "./generation/meaning-representation.ts";
export { parseMeaningRepresentation } from "./generation/meaning-representation.ts";
export type { Realisation, SlotLexicon } from "./generation/slot-coverage.ts";
export { realisedSlots } from "./generation/slot-coverage.ts";
export type { Metric, PredictionRow, PreparedMetric } from "./metric.ts";
export type {
  CompletionRow,
  CompletionScore,
  CompletionScorer,
  EvaluationModel,
  GeneratedText,
  TextGenerator,
} from "./model.ts";
export type { PerplexityRow } from "./perplexity/perplexity-scoring.ts";
export { bitsPerByteMetric, perplexityMetric } from "./perplexity/perplexity-scoring.ts";
export type { PerplexityDocument, PerplexityTaskOptions } from "./perplexity/perplexity-task.ts";
export { createPerplexityTask } from "./perplexity/perplexity-task.ts";
export type { ScoringWindow } from "./perplexity/sliding-windows.ts";
export { slidingWindows } from "./perplexity/sliding-windows.ts";
export type { RestoreScoring } from "./predictions-file.ts";
export { recomputeFromPredictions, writeEvaluation } from "./predictions-file.ts";
export type { FittedPrompt, PromptTemplate, Shot } from "./prompt-template.ts";
export { createPromptTemplate, fitPieces, fitPrompt } from "./prompt-template.ts";
export type { IntervalMethod, Score, StatisticsOptions } from "./score.ts";
export { scoreRows } from "./score.ts";
export type { BootstrapDistribution, BootstrapOptions, WeightedStatistic } from "./statistics/bootstrap.ts";
export { bcaInterval, bootstrap, bootstrapPValue, percentileInterval } from "./statistics/bootstrap.ts";
export { holmCorrection } from "./statistics/holm-correction.ts";
export type { McNemarTest } from "./statistics/mcnemar-test.ts";
export { mcnemarTest } from "./statistics/mcnemar-test.ts";
export type { Interval } from "./statistics/wilson-interval.ts";
export { effectiveSampleSize, wilsonInterval } from "./statistics/wilson-interval.ts";
export type { Scoring, Task, TaskRunOptions } from "./task.ts";

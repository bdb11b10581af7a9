export type { BootstrapDistribution, BootstrapOptions, WeightedStatistic } from "./bootstrap.ts";
export { bcaInterval, bootstrap, bootstrapPValue, percentileInterval } from "./bootstrap.ts";
export { applyDecision, fitBatchCalibration, fitCalibration } from "./calibration.ts";
export type { ChangedExample } from "./changed-examples.ts";
export { changedExamples } from "./changed-examples.ts";
export { chooseShots } from "./choose-shots.ts";
export { accuracyMetric, classificationMetrics } from "./classification-metrics.ts";
export type { ClassificationRow } from "./classification-row.ts";
export { parseClassificationRow } from "./classification-row.ts";
export type { ClassificationDetails, ClassScores } from "./classification-scoring.ts";
export { classificationDetails, createClassificationScoring } from "./classification-scoring.ts";
export type { ClassificationDocument, ClassificationTaskOptions } from "./classification-task.ts";
export { createClassificationTask } from "./classification-task.ts";
export type { Comparison } from "./compare-evaluations.ts";
export { compareEvaluations } from "./compare-evaluations.ts";
export type { ConfusionMatrix } from "./confusion-matrix.ts";
export { confusionMatrix } from "./confusion-matrix.ts";
export type { Calibration, Decision, Normalization } from "./decision.ts";
export { createDecision, decide } from "./decision.ts";
export { e2eLexicon } from "./e2e-lexicon.ts";
export type { Evaluation, EvaluationResult } from "./evaluation.ts";
export { evaluate, evaluateRows } from "./evaluation.ts";
export type { Forgetting, PairedEstimate } from "./forgetting.ts";
export { measureForgetting } from "./forgetting.ts";
export type { CheckedSlot, GenerationRow } from "./generation-scoring.ts";
export { referenceBitsPerByteMetric, slotCoverageMetric } from "./generation-scoring.ts";
export type { GenerationDocument, GenerationTaskOptions } from "./generation-task.ts";
export { createGenerationTask } from "./generation-task.ts";
export { holmCorrection } from "./holm-correction.ts";
export type { BaselineDocument } from "./majority-baseline.ts";
export { majorityBaseline } from "./majority-baseline.ts";
export type { McNemarTest } from "./mcnemar-test.ts";
export { mcnemarTest } from "./mcnemar-test.ts";
export type { SlotValue } from "./meaning-representation.ts";
export { parseMeaningRepresentation } from "./meaning-representation.ts";
export type { Metric, PredictionRow, PreparedMetric } from "./metric.ts";
export type {
  CompletionRow,
  CompletionScore,
  CompletionScorer,
  EvaluationModel,
  GeneratedText,
  TextGenerator,
} from "./model.ts";
export type { PerplexityRow } from "./perplexity-scoring.ts";
export { bitsPerByteMetric, perplexityMetric } from "./perplexity-scoring.ts";
export type { PerplexityDocument, PerplexityTaskOptions } from "./perplexity-task.ts";
export { createPerplexityTask } from "./perplexity-task.ts";
export type { RestoreScoring } from "./predictions-file.ts";
export { recomputeFromPredictions, resultsPathOf, writeEvaluation } from "./predictions-file.ts";
export type { FittedPrompt, PromptTemplate, Shot } from "./prompt-template.ts";
export { createPromptTemplate, fitPieces, fitPrompt } from "./prompt-template.ts";
export type { ReliabilityBin } from "./reliability.ts";
export type { IntervalMethod, Score, StatisticsOptions } from "./score.ts";
export { scoreRows } from "./score.ts";
export type { ScoringWindow } from "./sliding-windows.ts";
export { slidingWindows } from "./sliding-windows.ts";
export type { Realisation, SlotLexicon } from "./slot-coverage.ts";
export { realisedSlots } from "./slot-coverage.ts";
export type { Scoring, Task, TaskRunOptions } from "./task.ts";
export type { TextBaseline, TextBaselineOptions } from "./text-baseline.ts";
export { fitTextBaseline } from "./text-baseline.ts";
export type { Interval } from "./wilson-interval.ts";
export { effectiveSampleSize, wilsonInterval } from "./wilson-interval.ts";

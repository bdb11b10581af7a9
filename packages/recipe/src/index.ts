export { type ConfigOrigin, formatOrigin } from "./config/config-origin.ts";
export type { DataConfig, SourceConfig, TemplateConfig } from "./config/data-config.ts";
export { formatRecipe, readRunRecipe } from "./config/format-recipe.ts";
export type {
  ArchitectureConfig,
  MergeConfig,
  MethodConfig,
  ReplayConfig,
  TokenizerTrainingConfig,
} from "./config/model-config.ts";
export type { RecipeConfig, ReportConfig } from "./config/recipe-config.ts";
export {
  type ConfigEntry,
  describeConfig,
  type RecipeLayers,
  type ResolvedRecipe,
  resolveRecipe,
} from "./config/resolve-recipe.ts";
export { recipeJsonSchema } from "./config/schema-tree.ts";
export type { EvaluationConfig, GeneralTextConfig, TrainingConfig } from "./config/training-config.ts";
export { type PrepareDataOptions, type PreparedData, prepareData } from "./data/prepare-data.ts";
export type { PartSummary, PartsSummary } from "./data/summarise-parts.ts";
export { type EvaluateModelOptions, type EvaluationReport, evaluateModel } from "./evaluate/evaluate-model.ts";
export type { GateResult } from "./evaluate/gates.ts";
export type { ResultRow, ResultTable } from "./evaluate/result-table.ts";
export type { ExplainedDispatch, StepExplanation } from "./plan/explain-step.ts";
export { type PlannedRun, type PlanOptions, planRun } from "./run/plan-run.ts";
export { type RunResult, runRecipe } from "./run/run-recipe.ts";
export type { RunOptions } from "./session/run-options.ts";
export type { MemoryPart, RunPlan, StagePlan } from "./session/run-plan.ts";
export type { StageRecord } from "./session/run-session.ts";
export { checkRecipe, type RecipeUse } from "./toolbox/check-recipe.ts";
export { chooseBlas, type MeasuredBlas } from "./toolbox/open-cpu.ts";
export { type DeviceOptions, openDevice, resolveDevice } from "./toolbox/open-device.ts";
export { type ModelRequest, type OpenModel, openModel } from "./toolbox/open-model.ts";
export { resolveModel } from "./toolbox/resolve-model.ts";
export { createToolbox, type DeviceFactory, type Toolbox, type ToolboxOptions } from "./toolbox/toolbox.ts";
export type { AdaptResult } from "./train/adapt.ts";
export { type PretrainResult, pretrain } from "./train/pretrain.ts";
export { trainModel } from "./train/train-model.ts";
export {
  type GeneratedRow,
  type GenerateRowsOptions,
  type GenerateRowsResult,
  generateRows,
} from "./use/generate-rows.ts";
export { type MergeModelOptions, type MergeModelResult, mergeModel } from "./use/merge-model.ts";
export type { Rows } from "./use/read-rows.ts";
export { type ScoredRow, type ScoreRowsOptions, scoreRows } from "./use/score-rows.ts";
export type { UseModelOptions } from "./use/use-model.ts";

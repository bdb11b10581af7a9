// What needs no file system: all of it works in browsers too, where this is the package's entry.
export { assertFitsContext } from "./assert-fits-context.ts";
export { crossSite, type SiteToCross } from "./cross-site.ts";
export { findFamily } from "./find-family.ts";
export { type ForwardOptions, forwardHidden, forwardLogits } from "./forward.ts";
export type { AttentionCall, ForwardContext } from "./forward-context.ts";
export { type InitialiseOptions, initialiseModel } from "./initialise-model.ts";
export {
  type LanguageModelLoss,
  type LanguageModelLossOptions,
  languageModelLoss,
  rowChunks,
} from "./language-model-loss.ts";
export { type ActivationName, activation, parseActivation } from "./layers/activation.ts";
export { attend, attendTokens } from "./layers/attend.ts";
export { type EmbeddingOptions, embedding } from "./layers/embedding.ts";
export { type HeadOptions, head } from "./layers/head.ts";
export { inputEmbeddings } from "./layers/input-embeddings.ts";
export { keyValue } from "./layers/key-value.ts";
export { type LinearOptions, linear } from "./layers/linear.ts";
export { rmsNorm } from "./layers/rms-norm.ts";
export { rotary } from "./layers/rotary.ts";
export { subBlock } from "./layers/sub-block.ts";
export { wantedRows } from "./layers/wanted-rows.ts";
export { listSites } from "./list-sites.ts";
export { llama } from "./llama/llama.ts";
export type { LlamaConfig } from "./llama/llama-config.ts";
export { type CheckpointContent, defaultFamilies, type LoadOptions, loadCheckpoint } from "./load-checkpoint.ts";
export {
  countParameters,
  disposeModel,
  type Model,
  modelScope,
  readParameter,
  type TrainedParameter,
  writeParameter,
} from "./model.ts";
export type {
  MethodDefaults,
  ModelConfig,
  ModelFamily,
  NameRules,
  ParameterRole,
  ParameterSpec,
} from "./model-family.ts";
export { modelTensors } from "./model-tensors.ts";
export { type ParameterPlacement, type ParameterSource, readPlacement } from "./parameter-source.ts";
export type { PlacementOptions } from "./place-parameters.ts";
export { parseRopeConfig, type RopeConfig } from "./rope/rope-config.ts";
export { ropeFrequencies } from "./rope/rope-frequencies.ts";
export { type RopeTableRequest, type RopeTables, ropeTables } from "./rope/rope-tables.ts";
export type { SaveOptions } from "./save-model.ts";
export { createScope, type Scope, type ScopeOptions } from "./scope.ts";
export { shiftLabels } from "./shift-labels.ts";
export type {
  SiteCrossing,
  SiteDescription,
  SiteKind,
  SiteNext,
  SiteParameter,
  SiteReplacement,
  SiteVisitor,
} from "./site.ts";

export type { AdapterCounts, AdapterDescription } from "./adapter-counts.ts";
export type { AdapterLossTerms } from "./adapter-loss-terms.ts";
export type {
  AdapterLossTerm,
  AdapterMethod,
  AdapterParameterGroup,
  ExportedAdapter,
  InitialiseContext,
  InitialisedValues,
  MergeResult,
  ModelSites,
  NamedTensors,
  SiteForward,
  SiteMerge,
  TracedAdapter,
  UpdateHook,
} from "./adapter-method.ts";
export {
  type AdaptedSite,
  type AdapterLayout,
  type AdapterParameter,
  type InitialContext,
  type ParameterDeclaration,
  type ParameterDeclarations,
  siteKey,
} from "./adapter-parameter.ts";
export {
  type AdapterRequest,
  type Adapters,
  type AttachedAdapter,
  attachAdapters,
  type TrainableAdapterParameter,
} from "./attach-adapters.ts";
export { denseTensor } from "./dense-tensor.ts";
export { type InitialiseAdaptersOptions, type InitialisedAdapters, initialiseAdapters } from "./initialise-adapters.ts";
export { bareName } from "./list-parameters.ts";
export { type LoadAdapterOptions, type LoadedAdapter, loadAdapter } from "./load-adapter.ts";
export { matchSavedModules } from "./match-saved-modules.ts";
export { matchTargets } from "./match-targets.ts";
export { type MergedAdapters, type MergeOptions, mergeAdapters } from "./merge-adapters.ts";
export { moduleExpression } from "./module-expression.ts";
export { assertPatternsAgree, patternValue } from "./module-patterns.ts";
export { nearNames } from "./near-names.ts";
export { observeInputs, type TokenBatch } from "./observe-inputs.ts";
export { type NumberBounds, type OptionOrigin, type OptionReader, readOptions } from "./option-reader.ts";
export type { AdapterOrigin } from "./peft-config.ts";
export { type PlacedAdapters, placeForInference, placeForTraining, type TrainedRange } from "./place-adapters.ts";
export { type SaveAdapterOptions, saveAdapter } from "./save-adapter.ts";
export { savedModuleSites } from "./saved-module-sites.ts";
export { readTargetConfig, writeTargetConfig } from "./target-config.ts";
export { defaultTargets, readTargetOptions, type TargetOptions } from "./target-options.ts";
export { type AdapterStep, beforeUpdate, hasUpdateHook } from "./update-adapters.ts";
export type { VisitorOptions } from "./visit-sites.ts";

// What needs no file system: all of it works in browsers too, where this is the package's entry.
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
export { exportAdapter, type SaveAdapterOptions } from "./files/export-adapter.ts";
export type { LoadAdapterOptions, LoadedAdapter } from "./files/load-adapter.ts";
export type { AdapterOrigin } from "./files/peft-config.ts";
export { type InitialiseAdaptersOptions, type InitialisedAdapters, initialiseAdapters } from "./initialise-adapters.ts";
export { bareName } from "./list-parameters.ts";
export { type MergedAdapters, type MergeOptions, mergeAdapters } from "./merge-adapters.ts";
export { observeInputs, type TokenBatch } from "./observe-inputs.ts";
export { type PlacedAdapters, placeForInference, placeForTraining, type TrainedRange } from "./place-adapters.ts";
export { matchSavedModules } from "./targets/match-saved-modules.ts";
export { matchTargets } from "./targets/match-targets.ts";
export { moduleExpression } from "./targets/module-expression.ts";
export { assertPatternsAgree, patternValue } from "./targets/module-patterns.ts";
export { savedModuleSites } from "./targets/saved-module-sites.ts";
export { readTargetConfig, writeTargetConfig } from "./targets/target-config.ts";
export { defaultTargets, readTargetOptions, type TargetOptions } from "./targets/target-options.ts";
export { type AdapterStep, beforeUpdate, hasUpdateHook } from "./update-adapters.ts";
export type { VisitorOptions } from "./visit-sites.ts";

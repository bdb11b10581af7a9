export type { Hash64 } from "./hash-text.ts";
export { hashText, hashToHex } from "./hash-text.ts";
export { collect } from "./io/collect.ts";
export type { FileFormat, ReadRowsOptions } from "./io/read-rows.ts";
export { readRows } from "./io/read-rows.ts";
export type { TextUnit } from "./io/read-text-rows.ts";
export type { WrittenFile } from "./io/write-records.ts";
export { writeJsonLines } from "./io/write-records.ts";
export type { DataStats, LengthSummary } from "./look/compute-stats.ts";
export { computeStats } from "./look/compute-stats.ts";
export { previewRecords } from "./look/preview-records.ts";
export type { TextNormalisation } from "./normalise-text.ts";
export { normaliseText, textNormalisations } from "./normalise-text.ts";
export type { Option, OptionSchema } from "./option-schema.ts";
export { option, optionalOption, optionSchema } from "./option-schema.ts";
export * from "./portable.ts";
export type { FileSourceOptions } from "./sources/file-source.ts";
export { fileSource } from "./sources/file-source.ts";
export type { OpenSourceOptions } from "./sources/open-source.ts";
export { openSource } from "./sources/open-source.ts";
export type { PackageResolver, ResolvedPackage } from "./sources/package-resolver.ts";
export { createPackageResolver } from "./sources/package-resolver.ts";
export { peekRow } from "./sources/peek-row.ts";
export type { RecordSource } from "./sources/record-source.ts";
export { recordsSource } from "./sources/records-source.ts";
export type { EntrySorter } from "./spill/entry-sorter.ts";
export { createEntrySorter } from "./spill/entry-sorter.ts";
export type { HashIndex } from "./spill/hash-index.ts";
export { createHashIndex } from "./spill/hash-index.ts";
export type { NumberList } from "./spill/number-list.ts";
export { createFloat64List, createUint32List } from "./spill/number-list.ts";
export { spillRecords } from "./spill/record-spill.ts";
export type { UnionFind } from "./spill/union-find.ts";
export { createUnionFind } from "./spill/union-find.ts";
export type { SplitPart } from "./split/assign-parts.ts";
export type { ExportedSplits } from "./split/export-splits.ts";
export { exportSplits } from "./split/export-splits.ts";
export { groupValueOf } from "./split/group-keys.ts";
export type { LeakCheck } from "./split/leak-check.ts";
export { createLeakCheck } from "./split/leak-check.ts";
export type { NameCheck } from "./split/metadata-names.ts";
export { createNameCheck } from "./split/metadata-names.ts";
export type { SplitOptions, SplitReport } from "./split/split-stage.ts";
export { splitStage } from "./split/split-stage.ts";
export type { DataStage, DataStageContext } from "./stages/data-stage.ts";
export type { FunnelRow } from "./stages/funnel.ts";
export { funnelOf } from "./stages/funnel.ts";
export type { PipelineRun, PipelineStep } from "./stages/run-data-pipeline.ts";
export { runDataPipeline } from "./stages/run-data-pipeline.ts";
export type { StageResult, StageRun } from "./stages/run-data-stage.ts";
export { runDataStage } from "./stages/run-data-stage.ts";
export type { RuleAction, RuleCount, RuleDetail, StageCounters } from "./stages/stage-counters.ts";
export type { StageManifest } from "./stages/stage-manifest.ts";
export {
  manifestFileName,
  readStageManifest,
  recordsFileName,
  scratchName,
  timingsFileName,
} from "./stages/stage-manifest.ts";
export type { StageSourceOptions } from "./stages/stage-source.ts";
export { stageSource } from "./stages/stage-source.ts";

export type { JsonLinesWriter } from "./append-json-lines.ts";
export { appendJsonLines } from "./append-json-lines.ts";
export { assertReplaceable, openFolder, recoverFolder, replaceFolder } from "./atomic-folder.ts";
export { canonicalJson } from "./canonical-json.ts";
export { hashBytes, hashFile, hashJson } from "./hash.ts";
export type { ReadJsonOptions } from "./json-file.ts";
export { readJson, writeJsonAtomic } from "./json-file.ts";
export { type MachineKey, machineKey } from "./machine-key.ts";
export { type Processor, processor } from "./processor.ts";
export type { JsonLine, ReadJsonLinesOptions } from "./read-json-lines.ts";
export { readJsonLines } from "./read-json-lines.ts";
export { type ReadRegularFileOptions, readRegularFile, regularFileSize } from "./read-regular-file.ts";
export type { RunFolderLayout } from "./run-folder-layout.ts";
export { runFolderLayout } from "./run-folder-layout.ts";
export type { RunLock } from "./run-lock.ts";
export { acquireLock } from "./run-lock.ts";
export { type ProbeOptions, runProbe } from "./run-probe.ts";
export type { StageCache, StageCacheEntry } from "./stage-cache.ts";
export { createStageCache } from "./stage-cache.ts";
export { removeTemporariesOf, removeTemporaryFiles, temporaryPathFor } from "./temporary-path.ts";
export type { TruncateResult } from "./truncate-json-lines.ts";
export { truncateJsonLines } from "./truncate-json-lines.ts";
export {
  readUserCache,
  type UserCacheEntry,
  userCacheFile,
  userCacheFolder,
  writeUserCache,
} from "./user-cache.ts";
export type { FileContent } from "./write-file-atomic.ts";
export { writeFileAtomic } from "./write-file-atomic.ts";

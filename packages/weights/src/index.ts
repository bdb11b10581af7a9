export { adapterFolderOf, openAdapterFolder, writeAdapterFolder } from "./adapter-folder.ts";
export { copyTokenizerFiles, openCheckpoint, writeCheckpoint } from "./checkpoint-folder.ts";
export { openSafetensors } from "./open-safetensors.ts";
export * from "./portable.ts";
export { readGguf } from "./read-gguf.ts";
export { readGgufVocabulary } from "./read-gguf-vocabulary.ts";
export { writeSafetensors, writeShardedSafetensors } from "./write-safetensors.ts";

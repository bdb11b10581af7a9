// What needs no file system: all of it works in browsers too, where this is the package's entry.
export { type AdapterFiles, type AdapterToWrite, encodeAdapterFiles } from "./adapter-files.ts";
export type { AdapterFolder } from "./adapter-folder.ts";
export type { Checkpoint, CheckpointToWrite } from "./checkpoint-folder.ts";
export type { TensorToWrite } from "./encode-safetensors.ts";
export { encodeSafetensors, tensorByteLength } from "./encode-safetensors.ts";
export type { GgufList, GgufScalar } from "./gguf-value.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half-conversion.ts";
export type { GgufHeader, GgufTensorInfo } from "./read-gguf.ts";
export { openSafetensorsBytes } from "./read-safetensors.ts";
export type { TensorInfo } from "./safetensors-header.ts";
export type { FloatDtype } from "./tensor-bytes.ts";
export { bytesToFloat32, float32ToBytes } from "./tensor-bytes.ts";
export type { TensorReader } from "./tensor-reader.ts";
export type { WeightDtype } from "./weight-dtype.ts";
export { weightDtypes } from "./weight-dtype.ts";
export type { ShardOptions } from "./write-safetensors.ts";

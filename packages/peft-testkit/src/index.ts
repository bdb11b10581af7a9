export type { AdapterCase } from "./checks/check.ts";
export type { WrongOptions } from "./checks/options.ts";
export { type InterpretedFunction, interpretTrace, type LeafOverrides } from "./interpret-trace.ts";
export { type MethodTestOptions, testAdapterMethod } from "./test-adapter-method.ts";
export { createTinyModel, tinyLlama } from "./tiny-model.ts";
export { type TrainAdaptersOptions, type TrainedAdapters, trainAdapters } from "./train-adapters.ts";

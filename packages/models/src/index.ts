export { loadModel } from "./load-model.ts";
export * from "./portable.ts";
export { saveModel } from "./save-model.ts";

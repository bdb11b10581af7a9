export { loadAdapter } from "./files/load-adapter.ts";
export { saveAdapter } from "./files/save-adapter.ts";
export * from "./portable.ts";

export { loadTokenizer } from "./files/load-tokenizer.ts";
export { saveTokenizer } from "./files/save-tokenizer.ts";
export { readTokenizerFiles } from "./files/tokenizer-files.ts";
export * from "./portable.ts";

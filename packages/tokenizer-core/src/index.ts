export { loadTokenizer } from "./files/load-tokenizer.ts";
export { saveTokenizer } from "./files/save-tokenizer.ts";
export { readChatTemplate, readTokenizerFiles } from "./files/tokenizer-files.ts";
export * from "./portable.ts";

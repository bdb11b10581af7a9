export type { AddedToken } from "./added-token.ts";
export { addedToken, addedTokenJson } from "./added-token.ts";
export { type AlignedText, alignedText } from "./aligned-text.ts";
export { byteCharacters, bytesOfCharacters, fromByteCharacters, toByteCharacters } from "./byte-characters.ts";
export { createTokenizer } from "./create-tokenizer.ts";
export { formatTokenizerJson } from "./format-tokenizer.ts";
export type { GgufVocabulary } from "./gguf-vocabulary.ts";
export { tokenizerFromGguf } from "./gguf-vocabulary.ts";
export { loadTokenizer } from "./load-tokenizer.ts";
export type { Normalizer } from "./normalizer.ts";
export { buildNormalizer } from "./normalizer.ts";
export type { Piece, PreTokenizer } from "./pre-tokenizer.ts";
export { buildPreTokenizer, gpt2Expression } from "./pre-tokenizer.ts";
export type {
  ChatMessage,
  ChatRenderer,
  ChatRendererOptions,
  RenderChatOptions,
  RenderedChat,
  RoleSpan,
} from "./render-chat.ts";
export { createChatRenderer, renderChat } from "./render-chat.ts";
export { saveTokenizer } from "./save-tokenizer.ts";
export type { Section } from "./section.ts";
export { booleanField, corruptSection, countField, listField, sectionOf, stringField } from "./section.ts";
export type { TokenBuffer } from "./token-buffer.ts";
export { createTokenBuffer, pushToken } from "./token-buffer.ts";
export type { TokenizerFiles } from "./tokenizer-files.ts";
export { readTokenizerFiles } from "./tokenizer-files.ts";
export type { TokenizerModel, TokenizerPlugin } from "./tokenizer-plugin.ts";

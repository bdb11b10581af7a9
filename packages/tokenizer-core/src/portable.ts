// What needs no file system: all of it works in browsers too, where this is the package's entry.
export type { AddedToken } from "./added-tokens/added-token.ts";
export { addedToken, addedTokenJson } from "./added-tokens/added-token.ts";
export { byteCharacters, bytesOfCharacters, fromByteCharacters, toByteCharacters } from "./byte-characters.ts";
export type {
  ChatMessage,
  ChatRenderer,
  ChatRendererOptions,
  RenderChatOptions,
  RenderedChat,
  RoleSpan,
} from "./chat/render-chat.ts";
export { createChatRenderer, renderChat } from "./chat/render-chat.ts";
export { corruptTokenizer } from "./corrupt-tokenizer.ts";
export { createTokenizer } from "./create-tokenizer.ts";
export { type AlignedText, alignedText } from "./encode/aligned-text.ts";
export type { Normalizer } from "./encode/normalizer.ts";
export { buildNormalizer } from "./encode/normalizer.ts";
export type { Piece, PreTokenizer } from "./encode/pre-tokenizer.ts";
export { buildPreTokenizer, gpt2Expression } from "./encode/pre-tokenizer.ts";
export type { TokenBuffer } from "./encode/token-buffer.ts";
export { createTokenBuffer, pushToken } from "./encode/token-buffer.ts";
export { formatTokenizerJson } from "./files/format-tokenizer.ts";
export type { TokenizerFiles } from "./files/tokenizer-files.ts";
export { tokenizerFromGguf } from "./files/tokenizer-from-gguf.ts";
export type { TokenizerModel, TokenizerPlugin } from "./tokenizer-plugin.ts";

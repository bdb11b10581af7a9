import type { Tokenizer } from "@attune/spec";

/** How text becomes a prompt. */
export interface EncodeOptions {
  /** Whether special tokens that are written out in the text count as such: for rendered chats. Default false. */
  readonly parseSpecialTokens?: boolean | undefined;
}

/** Ids of a prompt: its text, with a beginning-of-text token in front where the tokenizer adds one. */
export function encodePrompt(
  tokenizer: Tokenizer,
  text: string,
  { parseSpecialTokens = false }: EncodeOptions = {},
): number[] {
  const { bos } = tokenizer.specialTokens;
  const ids = Array.from(tokenizer.encode(text, { parseSpecialTokens }).ids);
  return tokenizer.addsBos && bos !== undefined && ids[0] !== bos ? [bos, ...ids] : ids;
}

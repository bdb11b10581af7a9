/**
 * Windows for scoring a long text with a bounded context, so that every token is scored exactly once. The first window
 * holds the prefix token (BOS) and as many tokens as fit; each later one scores the next `stride` tokens after as much
 * context as fits before them, and the last keeps its full context too.
 */
import { checkInteger } from "../check.ts";

/** Tokens [start, end) are scored after tokens [contextStart, start), the first window also after the prefix token. */
export interface ScoringWindow {
  readonly contextStart: number;
  readonly start: number;
  readonly end: number;
}

/**
 * @param tokens length of the text.
 * @param contextLength most tokens in a window, context and prefix included; at least 2.
 * @param stride tokens scored a window after the first, 1 to contextLength - 1. Small strides give each token more
 * context and cost more.
 */
export function slidingWindows(tokens: number, contextLength: number, stride: number): ScoringWindow[] {
  checkInteger("contextLength", contextLength, 2);
  checkInteger("stride", stride, 1);
  const step = Math.min(stride, contextLength - 1);
  const windows: ScoringWindow[] = [];
  let start = 0;
  while (start < tokens) {
    const end = Math.min(tokens, start === 0 ? contextLength - 1 : start + step);
    windows.push({ contextStart: Math.max(0, end - contextLength), start, end });
    start = end;
  }
  return windows;
}

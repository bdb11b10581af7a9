import { type FindPiiOptions, findPii } from "./find-pii.ts";
import type { PiiSpan, PiiType } from "./pii-type.ts";

/** A text without its personal data, and what was found. */
export interface MaskedText {
  /** The text with a placeholder for each match. */
  readonly text: string;
  /** The matches, with offsets in the text that was given. */
  readonly spans: readonly PiiSpan[];
}

/** What is looked for, and what is written in its place. */
export interface MaskPiiOptions extends FindPiiOptions {
  /** Placeholders that differ from `placeholderOf`'s, by kind: words that a tokenizer keeps whole, say. */
  readonly placeholders?: Readonly<Partial<Record<PiiType, string>>> | undefined;
}

/** Returns the placeholder of a kind: `[EMAIL]`, `[PHONE]`, ... */
function placeholderOf(type: PiiType): string {
  return `[${type.toUpperCase()}]`;
}

/** Replaces personal data by typed placeholders. */
export function maskPii(text: string, options: MaskPiiOptions = {}): MaskedText {
  const spans = findPii(text, options);
  if (spans.length === 0) return { text, spans };
  let result = "";
  let end = 0;
  for (const span of spans) {
    result += text.slice(end, span.start) + (options.placeholders?.[span.type] ?? placeholderOf(span.type));
    end = span.end;
  }
  return { text: result + text.slice(end), spans };
}

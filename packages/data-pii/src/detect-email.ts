import type { PiiSpan } from "./pii-type.ts";

const address =
  /(?<![\w.+%-])[A-Za-z0-9_][\w.%+'=-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?!-?\w)/g;

/** E-mail addresses (RFC 5321 without quoted local parts and address literals). */
export function* detectEmails(text: string): Generator<PiiSpan> {
  if (!text.includes("@")) return;
  for (const match of text.matchAll(address)) {
    yield { type: "email", start: match.index, end: match.index + match[0].length, score: 1 };
  }
}

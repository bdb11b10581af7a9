import { isIPv4, isIPv6 } from "node:net";
import type { PiiSpan } from "./pii-type.ts";

const four = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/g;
const six = /(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])/gi;
const versionWords = /\b(?:v|ver|version|release|rev|revision|section|chapter|§)\.?\s*$/i;

/** IPv4 and IPv6 addresses; version numbers of four parts and short colon sequences of code are left out. */
export function* detectIps(text: string): Generator<PiiSpan> {
  for (const match of text.matchAll(four)) {
    const before = text.slice(Math.max(0, match.index - 16), match.index);
    if (isIPv4(match[0]) && !versionWords.test(before)) yield span(match.index, match[0].length, 0.95);
  }
  if (!text.includes(":")) return;
  for (const match of text.matchAll(six)) {
    const groups = match[0].split(":").filter((group) => group !== "").length;
    if (groups >= 3 && isIPv6(match[0])) yield span(match.index, match[0].length, groups === 8 ? 1 : 0.8);
  }
}

function span(start: number, length: number, score: number): PiiSpan {
  return { type: "ip", start, end: start + length, score };
}

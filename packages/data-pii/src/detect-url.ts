import type { PiiSpan } from "./pii-type.ts";

const withScheme = /\b(?:https?|ftps?):\/\/[^\s<>"]{2,2000}/gi;
/** Without a scheme: "www." or a domain of the large generic endings, or below a country's "co.", "com.", "org.". */
const bare =
  /(?<![\w@.:/-])(?:www\.[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,5}(?:com|net|org|edu|gov|mil|info|biz|(?:co|com|org|ac|gov)\.[a-z]{2}))(?![\w-])(?:[/?][^\s<>"]{0,2000})?/gi;

/** Web addresses, with a scheme or recognisable without one. Punctuation that ends a sentence is left outside. */
export function* detectUrls(text: string): Generator<PiiSpan> {
  for (const match of text.matchAll(withScheme)) yield trimmed(match, 1);
  if (text.includes("."))
    for (const match of text.matchAll(bare)) yield trimmed(match, /^www\./i.test(match[0]) ? 0.9 : 0.6);
}

function trimmed(match: RegExpMatchArray & { index: number }, score: number): PiiSpan {
  let end = match[0].length;
  for (; end > 0; end--) {
    const last = match[0][end - 1]!;
    const head = match[0].slice(0, end);
    const unopened = (last === ")" && closesMore(head, "(", ")")) || (last === "]" && closesMore(head, "[", "]"));
    if (!unopened && !".,;:!?'*".includes(last)) break;
  }
  return { type: "url", start: match.index, end: match.index + end, score };
}

function closesMore(text: string, open: string, close: string): boolean {
  return text.split(close).length > text.split(open).length;
}

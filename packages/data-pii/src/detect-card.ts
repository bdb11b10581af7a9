import { hasContext } from "./context-words.ts";
import type { PiiSpan } from "./pii-type.ts";

const candidate = /(?<![\w.+])\d(?:[ -]?\d){11,18}(?![\w]|[.-]\d)/g;
const words = /\b(?:card|visa|master ?card|amex|american express|credit|debit|discover|diners|maestro|jcb|cvv|expir)/i;

/** First digits and lengths of the issuers (ISO/IEC 7812). */
const issuers: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 19] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^3(?:0[0-5]|[689])/, lengths: [14, 16] },
  { prefix: /^(?:6011|65|64[4-9]|622)/, lengths: [16, 17, 18, 19] },
  { prefix: /^35/, lengths: [16] },
  { prefix: /^(?:2131|1800)/, lengths: [15] },
  { prefix: /^(?:5018|50[0-9]{2}|5[6-8]|6[0-9])/, lengths: [12, 13, 14, 15, 16, 17, 18, 19] },
];

/** Payment card numbers: issuer, length and the check digit of Luhn (ISO/IEC 7812-1, annex B) must fit. */
export function* detectCards(text: string): Generator<PiiSpan> {
  for (const match of text.matchAll(candidate)) {
    const digits = match[0].replace(/[ -]/g, "");
    const known = issuers.some(({ prefix, lengths }) => prefix.test(digits) && lengths.includes(digits.length));
    if (!known || !passesLuhn(digits)) continue;
    const end = match.index + match[0].length;
    const regular = /^\d{4}([ -])\d{4}\1\d{4}\1\d{4}$/.test(match[0]) || /^\d{15,16}$/.test(match[0]);
    const score = hasContext(text, match.index, end, words) ? 1 : regular ? 0.9 : 0.6;
    yield { type: "card", start: match.index, end, score };
  }
}

/** Whether the last digit is the check digit: from the right, every second digit counts double, less nine above nine. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

import { hasContext } from "./context-words.ts";
import type { PiiSpan } from "./pii-type.ts";

const candidate =
  /(?<![\w/@#$€£=&%-]|\d[.,:])(?:\+|00)?(?:\(\+?\d{1,5}\)|\d)(?:[ .\-/]{0,2}(?:\(\d{1,5}\)|\d)){5,18}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w%]|[.,:/-]\d)/gi;

/** Words before a number, or right after it, that announce one. */
const before =
  "phones?|tele?|telephone|call(?:ed|ing)?|fax|mobile|cell|contact|sms|text me|whats ?app|hotline|dial|ring|reach|toll[- ]free|" +
  "voice|pager|(?:phone |cell |mobile )?number|handy|telefon|tél|answering|messages? to|registered|(?:office|home|work|desk|direct)(?=\\s*:)";
const words = new RegExp(`\\b(?:${before})\\b[^\\d]{0,25}$|^\\W{0,4}(?:office|fax|mobile|home|desk|work|cell)\\b`, "i");
/** Words before a number that say it is something else. */
const foreign =
  /(?:\b(?:isbn|issn|doi|order|invoice|account|ticket|bug|id|ref|no\.?|case|zip|patent|rfc|section|page|pp?\.|version|port|line|licen[cs]e number is)\W{0,3}|#\s?)$/i;

/** Shapes that are something else: dates, spans of years, US social security numbers, amounts, decimals. */
const otherShapes = new RegExp(
  [
    String.raw`(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ](?:0?[1-9]|[12]\d|3[01])(?:\s+\d{1,2})?`,
    String.raw`(?:0?[1-9]|[12]\d|3[01])[-/. ](?:0?[1-9]|[12]\d|3[01])[-/. ](?:19|20)?\d\d(?:\s+\d{1,2})?`,
    String.raw`(?:19|20)\d\d ?- ?(?:19|20)\d\d`,
    String.raw`\d{3}-\d{2}-\d{4}`,
    String.raw`\d{1,3}(?:[ .]000)+`,
    String.raw`\d{1,3}(?:\.\d{1,3}){3}`,
    String.raw`(?:19|20)\d{6}`,
    String.raw`\d+\.\d+(?: +\d+\.\d+)*`,
  ]
    .map((shape) => `^${shape}$`)
    .join("|"),
);

/**
 * Phone numbers by their shape: seven to fifteen digits with usual separators. A plus sign, North American grouping or a
 * leading zero make them likely, words such as "call" or "fax" beside them more so, "ISBN" or "#" before them unlikely.
 */
export function* detectPhones(text: string): Generator<PiiSpan> {
  for (const match of text.matchAll(candidate)) {
    const shown = match[0];
    const number = shown.replace(/\s?(?:x|ext\.?)\s?\d+$/i, "");
    const digits = number.replace(/\D/g, "");
    if (
      digits.length < 7 ||
      digits.length > 15 ||
      otherShapes.test(number) ||
      foreign.test(text.slice(Math.max(0, match.index - 16), match.index))
    )
      continue;
    const end = match.index + shown.length;
    const score = Math.min(
      1,
      shapeScore(shown, number, digits) + (hasContext(text, match.index, end, words) ? 0.35 : 0),
    );
    yield { type: "phone", start: match.index, end, score };
  }
}

function shapeScore(shown: string, number: string, digits: string): number {
  if (number.startsWith("+")) return 0.9;
  if (/^(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}$/.test(number)) return 0.8;
  if (shown !== number || (/^00\d/.test(number) && digits.length >= 10)) return 0.7;
  if (digits === number) return digits.length === 10 || digits.startsWith("0") ? 0.35 : 0.15;
  const groups = number.split(/[ .\-/]+/);
  if (/^\(?0/.test(number) && digits.length >= 9 && groups.length <= 6) return 0.65;
  // Groups of two to four digits as people write them; a list of numbers has uneven or single ones.
  if (/[()]/.test(number) || groups.every((group) => group.length >= 2 && group.length <= 4))
    return digits.length >= 8 ? 0.45 : 0.4;
  return 0.2;
}

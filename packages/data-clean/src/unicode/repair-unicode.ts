import { repairMojibake } from "./repair-mojibake.ts";

/** What is done about typographic quotes, dashes and ellipses. */
export type QuotePolicy = "keep" | "ascii";

/** Invisible characters that carry no text: zero-width spaces, byte-order marks, soft hyphens, direction marks, tags. */
const invisible =
  /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** Joiners mean something inside emoji and in scripts that join; beside ASCII and at the edges they hide text. */
const idleJoiners = /(?<![\u0080-\u{10ffff}])[\u200c\u200d]+|[\u200c\u200d]+(?![\u0080-\u{10ffff}])/gu;
const lineEnds = /\r\n?|[\v\f\u2028\u2029]/g;
/** Control characters except tab and line feed. */
const controls = /(?![\t\n])\p{Cc}/gu;

/** Windows-1252 punctuation that came through as control characters U+0080 to U+009F. */
const strayControls = /[\x80-\x9f]/g;
const windows1252 = new TextDecoder("windows-1252");

const asciiForms: Readonly<Record<string, string>> = {
  "\u2018": "'",
  "\u2019": "'",
  "\u201a": "'",
  "\u201b": "'",
  "\u2032": "'",
  "\u02bc": "'",
  "\u00b4": "'",
  "\u201c": '"',
  "\u201d": '"',
  "\u201e": '"',
  "\u201f": '"',
  "\u2033": '"',
  "\u00ab": '"',
  "\u00bb": '"',
  "\u2010": "-",
  "\u2011": "-",
  "\u2012": "-",
  "\u2013": "-",
  "\u2014": "-",
  "\u2015": "-",
  "\u2212": "-",
  "\u2026": "...",
  "\u2022": "-",
  "\u00b7": "-",
  "\u2122": "(TM)",
  "\u00a9": "(C)",
  "\u00ae": "(R)",
};
const asciiPattern = new RegExp(`[${Object.keys(asciiForms).join("")}]`, "g");

/**
 * Repairs a text: line ends, mojibake, stray Windows-1252 punctuation, control and invisible characters, unusual
 * spaces, runs of replacement characters (to one), canonical composition (NFC). Typographic punctuation is kept or
 * written in ASCII. Applying it twice changes nothing more.
 */
export function repairUnicode(text: string, quotes: QuotePolicy = "keep"): string {
  let result = text.replace(lineEnds, "\n");
  // What one repair takes away may join what another repairs.
  for (let round = 0; round < 8 && /[^\n\t\x20-\x7e]/.test(result); round++) {
    const next = repairOnce(result, quotes);
    if (next === result) return result;
    result = next;
  }
  return result;
}

function repairOnce(text: string, quotes: QuotePolicy): string {
  const result = repairMojibake(text)
    .replace(strayControls, (character) => windows1252.decode(Uint8Array.of(character.charCodeAt(0))))
    .replace(lineEnds, "\n")
    .replace(controls, "")
    .replace(invisible, "")
    .replace(idleJoiners, "")
    .replace(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, " ")
    .replace(/\ufffd{2,}/g, "\ufffd")
    .normalize("NFC");
  return quotes === "ascii" ? result.replace(asciiPattern, (character) => asciiForms[character]!) : result;
}

/** Trims lines at their ends, folds runs of spaces (not indentation when kept), and leaves at most one empty line in a row. */
export function foldWhiteSpace(text: string, indentation: "keep" | "remove"): string {
  const folded =
    indentation === "remove" ? text.replace(/[ \t]+/g, " ").replace(/^ /gm, "") : text.replace(/(\S)[ \t]+/g, "$1 ");
  return folded
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .replace(/^\n+|\n+$/g, "");
}

/** The normalizers of tokenizer.json: each rewrites a text before it is cut into pieces. */

import { booleanField, type FieldReader, textField } from "@attune/spec";
import { toByteCharacters } from "../byte-characters.ts";
import { buildComponent, buildSequence, type ComponentBuilders } from "../component.ts";
import { patternField } from "../pattern/pattern.ts";
import {
  type AlignedText,
  alignedText,
  codePointLength,
  type Edit,
  previousCodePoint,
  rewriteAligned,
} from "./aligned-text.ts";
import { normalizeUnicode } from "./unicode-normalization.ts";

/** Rewrites a text and keeps track of where its units came from. */
export type Normalizer = (aligned: AlignedText) => AlignedText;

const builders: ComponentBuilders<Normalizer> = {
  NFC: () => (aligned) => normalizeUnicode(aligned, "NFC"),
  NFD: () => (aligned) => normalizeUnicode(aligned, "NFD"),
  NFKC: () => (aligned) => normalizeUnicode(aligned, "NFKC"),
  NFKD: () => (aligned) => normalizeUnicode(aligned, "NFKD"),
  Lowercase: () => lowercase,
  Strip: (section) => strip(section.read("strip_left", booleanField), section.read("strip_right", booleanField)),
  StripAccents: () => (aligned) => mapCodePoints(aligned, /\p{M}/gu, () => ""),
  Replace: replace,
  Prepend: (section) => prepend(section.read("prepend", textField)),
  ByteLevel: () => (aligned) => mapCodePoints(aligned, /[\s\S]/gu, toByteCharacters),
  Sequence: (section) => {
    const steps = buildSequence("normalizer", builders, section, "normalizers");
    return (aligned) => steps.reduce((text, step) => step(text), aligned);
  },
};

/** Builds a normalizer from its section of tokenizer.json; without one, texts stay as they are. */
export function buildNormalizer(section: FieldReader | undefined): Normalizer {
  return section ? buildComponent("normalizer", builders, section) : (aligned) => aligned;
}

/** Normalises a text of which only the result matters. */
export function normalizeText(normalizer: Normalizer, text: string): string {
  return normalizer(alignedText(text)).text;
}

/** Lower-cases each code point by itself, so a final sigma is not treated apart (as in the reference). */
function lowercase(aligned: AlignedText): AlignedText {
  return mapCodePoints(aligned, /\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
}

/** Replaces each match of one code point by what the function gives for it. */
function mapCodePoints(aligned: AlignedText, which: RegExp, change: (character: string) => string): AlignedText {
  const edits: Edit[] = [];
  for (const { 0: character, index } of aligned.text.matchAll(which)) {
    const text = change(character);
    const to = index + character.length;
    if (text !== character) edits.push({ from: index, to, text, anchorFrom: index, anchorTo: to });
  }
  return rewriteAligned(aligned, edits);
}

function strip(left: boolean, right: boolean): Normalizer {
  const removal = (from: number, to: number): Edit => ({ from, to, text: "", anchorFrom: from, anchorTo: to });
  return (aligned) => {
    const { text } = aligned;
    const from = left ? (/^\p{White_Space}+/u.exec(text)?.[0].length ?? 0) : 0;
    let to = text.length;
    while (right && to > from && /\p{White_Space}/u.test(text[to - 1]!)) to -= 1;
    const edits = [removal(0, from), removal(to, text.length)].filter((edit) => edit.from < edit.to);
    return rewriteAligned(aligned, edits);
  };
}

function replace(section: FieldReader): Normalizer {
  const { pattern, literal } = patternField(section);
  const content = section.read("content", textField);
  if (literal !== undefined && literal.length === 1 && content.length === 1) {
    // One unit for one unit moves nothing.
    return (aligned) => ({ ...aligned, text: aligned.text.replaceAll(literal, () => content) });
  }
  return (aligned) => {
    const edits: Edit[] = [];
    pattern(aligned.text, (from, to) => {
      // As in the reference, the replacement stands where the last replaced character stood.
      const anchorFrom = to > from ? previousCodePoint(aligned.text, to) : Math.max(0, from - 1);
      edits.push({ from, to, text: content, anchorFrom, anchorTo: to });
    });
    return rewriteAligned(aligned, edits);
  };
}

/** Puts a text in front; it counts as standing where the first character stands. An empty text stays empty. */
export function prepend(content: string): Normalizer {
  return (aligned) => {
    if (aligned.text === "") return aligned;
    const anchorTo = codePointLength(aligned.text, 0);
    return rewriteAligned(aligned, [{ from: 0, to: 0, text: content, anchorFrom: 0, anchorTo }]);
  };
}

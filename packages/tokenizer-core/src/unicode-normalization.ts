import { type AlignedText, type Edit, rewriteAligned } from "./aligned-text.ts";

/** The four normal forms of Unicode. */
export type NormalizationForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/**
 * A code point with everything after it that normalisation may move or merge: marks, the vowels and final consonants
 * of decomposed Hangul, and the Kirat Rai vowel signs, which compose though they are letters.
 */
const cluster = /[\s\S][\p{M}\u1160-\u11ff\u{16d63}\u{16d67}-\u{16d6a}]*/gu;

/** Normalises a text; each cluster that changes points to the units it came from. */
export function normalizeUnicode(aligned: AlignedText, form: NormalizationForm): AlignedText {
  const { text } = aligned;
  const normalized = text.normalize(form);
  if (normalized === text) return aligned;
  const edits = [...text.matchAll(cluster)].flatMap((match) => clusterEdits(match[0], match.index, form));
  const rewritten = rewriteAligned(aligned, edits);
  if (rewritten.text === normalized) return rewritten;
  // A Unicode version with further composing letters: the text is right, its places are only known as a whole.
  return rewriteAligned(aligned, [
    { from: 0, to: text.length, text: normalized, anchorFrom: 0, anchorTo: text.length },
  ]);
}

function clusterEdits(source: string, from: number, form: NormalizationForm): Edit[] {
  const normalized = source.normalize(form);
  if (normalized === source) return [];
  const whole = (text: string, start: number, length: number): Edit => ({
    from: start,
    to: start + length,
    text,
    anchorFrom: start,
    anchorTo: start + length,
  });
  const characters = [...source];
  const alone = characters.map((character) => character.normalize(form));
  if (alone.join("") !== normalized) return [whole(normalized, from, source.length)];
  let start = from;
  return characters.flatMap((character, index) => {
    const edit = whole(alone[index]!, start, character.length);
    start += character.length;
    return character === alone[index] ? [] : [edit];
  });
}

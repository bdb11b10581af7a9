import { type AlignedText, codePointLength, type Edit, rewriteAligned } from "./aligned-text.ts";

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

/** Longest cluster, in UTF-16 units, in which is looked for the smallest parts that normalise alone. */
const longestExamined = 32;

function clusterEdits(source: string, from: number, form: NormalizationForm): Edit[] {
  const normalized = source.normalize(form);
  if (normalized === source) return [];
  if (source.length > longestExamined) return [editOf(source, normalized, from)];
  const end = firstPart(source, normalized, form);
  const head = source.slice(0, end).normalize(form);
  const first = head === source.slice(0, end) ? [] : [editOf(source.slice(0, end), head, from)];
  return end === source.length ? first : [...first, ...clusterEdits(source.slice(end), from + end, form)];
}

/** Where the shortest beginning ends that can be normalised apart from the rest. */
function firstPart(source: string, normalized: string, form: NormalizationForm): number {
  for (let end = codePointLength(source, 0); end < source.length; end += codePointLength(source, end)) {
    if (source.slice(0, end).normalize(form) + source.slice(end).normalize(form) === normalized) return end;
  }
  return source.length;
}

function editOf(source: string, text: string, from: number): Edit {
  const to = from + source.length;
  return { from, to, text, anchorFrom: from, anchorTo: to };
}

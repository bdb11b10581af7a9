/**
 * Which slot values a text realises. Text and phrases are compared in lower case, without accents, with hyphens as
 * spaces and only at word boundaries. A value counts as realised when one of its phrases occurs; a phrase that would
 * say too little alone needs a cue word within six words, and one after a negation within three words does not count.
 */
import type { SlotValue } from "./meaning-representation.ts";

/** Ways to say one value. */
export interface Realisation {
  /** Phrases, each of which says the value. */
  readonly phrases: readonly string[];
  /** If given, one of these words must stand within six words of the phrase. */
  readonly near?: readonly string[];
  /** If given, the phrase does not count when one of these stands within three words before it. */
  readonly notAfter?: readonly string[];
}

/** Realisations by slot and value; a value that is not listed is realised by itself. */
export type SlotLexicon = Readonly<Record<string, Readonly<Record<string, readonly Realisation[]>>>>;

/** Lower case, no accents, hyphens and slashes between words as spaces, one space between words. */
function wordsOf(text: string): string[] {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[’']/g, "").match(/[£$€]?[\p{L}\p{N}]+/gu) ?? [];
}

function occurrences(words: readonly string[], phrase: readonly string[]): number[] {
  const found: number[] = [];
  for (let start = 0; start + phrase.length <= words.length; start++) {
    if (phrase.every((word, index) => words[start + index] === word)) found.push(start);
  }
  return found;
}

function isRealised(words: readonly string[], { phrases, near, notAfter }: Realisation): boolean {
  return phrases.some((text) => {
    const phrase = wordsOf(text);
    if (phrase.length === 0) return false;
    return occurrences(words, phrase).some((start) => {
      const around = words.slice(Math.max(0, start - 6), start + phrase.length + 6);
      const before = words.slice(Math.max(0, start - 3), start);
      return (
        (near === undefined || near.some((cue) => around.includes(cue))) &&
        !notAfter?.some((word) => before.includes(word))
      );
    });
  });
}

/** For each slot, in order, whether the text says its value. */
export function realisedSlots(text: string, slots: readonly SlotValue[], lexicon: SlotLexicon = {}): boolean[] {
  const words = wordsOf(text);
  return slots.map(({ slot, value }) => {
    const values = Object.hasOwn(lexicon, slot) ? lexicon[slot]! : {};
    const realisations = Object.hasOwn(values, value) ? values[value]! : [{ phrases: [value] }];
    return realisations.some((realisation) => isRealised(words, realisation));
  });
}

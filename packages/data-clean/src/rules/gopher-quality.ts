import { countMatches, type RulePack, shareOf } from "./quality-rule.ts";
import type { TextDocument } from "./text-document.ts";

const stopWords = ["the", "be", "to", "of", "and", "that", "have", "with"];

/** Words that are not only punctuation. */
function realWords(document: TextDocument): readonly string[] {
  return document.words.filter((word) => /[\p{L}\p{N}]/u.test(word));
}

function perWord(pattern: RegExp): (document: TextDocument) => number {
  return (document) => countMatches(document.text, pattern) / Math.max(1, document.words.length);
}

/** Rae et al. 2021, table A1, with the thresholds on which datatrove, NeMo Curator and dolma agree. */
export const gopherQuality: RulePack = {
  id: "gopher-quality",
  origin:
    "Rae et al. 2021 (Gopher), table A1; mean word length and case-insensitive stop words; bullets • and -, as datatrove",
  rules: [
    { name: "words", measure: (document) => realWords(document).length, minimum: 50, maximum: 100_000 },
    {
      name: "mean-word-length",
      measure: (document) => {
        const words = realWords(document);
        return words.reduce((sum, word) => sum + word.length, 0) / Math.max(1, words.length);
      },
      minimum: 3,
      maximum: 10,
    },
    { name: "hashes-per-word", measure: perWord(/#/g), maximum: 0.1 },
    { name: "ellipses-per-word", measure: perWord(/\.\.\.|…/g), maximum: 0.1 },
    { name: "bullet-lines", measure: ({ lines }) => shareOf(lines, (line) => /^\s*[•-]/.test(line)), maximum: 0.9 },
    {
      name: "ellipsis-lines",
      measure: ({ lines }) => shareOf(lines, (line) => /(?:\.\.\.|…)\s*$/.test(line)),
      maximum: 0.3,
    },
    { name: "alphabetic-words", measure: ({ words }) => shareOf(words, (word) => /\p{L}/u.test(word)), minimum: 0.8 },
    {
      name: "stop-words",
      measure: ({ words }) => {
        const present = new Set(words.map((word) => word.toLowerCase()));
        return stopWords.filter((word) => present.has(word)).length;
      },
      minimum: 2,
    },
  ],
};

import type { QualityRule, RulePack } from "./quality-rule.ts";

/** Second and later copies: how many, and their characters. */
export function repeatedParts(parts: readonly string[]): { readonly count: number; readonly characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const part of parts) {
    if (seen.has(part)) {
      count += 1;
      characters += part.length;
    } else seen.add(part);
  }
  return { count, characters };
}

/** Characters covered by the most frequent n-gram: its length times its count. */
function topGramCharacters(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  let [top, topCount] = ["", 0];
  for (let start = 0; start + n <= words.length; start++) {
    const gram = words.slice(start, start + n).join(" ");
    const count = (counts.get(gram) ?? 0) + 1;
    counts.set(gram, count);
    if (count > topCount) [top, topCount] = [gram, count];
  }
  return topCount < 2 ? 0 : top.length * topCount;
}

/** Characters of n-grams seen before; words are joined without spaces and a hit jumps n words. */
function repeatedGramCharacters(words: readonly string[], n: number): number {
  const seen = new Set<string>();
  let characters = 0;
  for (let start = 0; start + n <= words.length; ) {
    const gram = words.slice(start, start + n).join("");
    if (seen.has(gram)) {
      characters += gram.length;
      start += n;
    } else {
      seen.add(gram);
      start += 1;
    }
  }
  return characters;
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const topGrams: readonly (readonly [number, number])[] = [
  [2, 0.2],
  [3, 0.18],
  [4, 0.16],
];
const repeatedGrams: readonly (readonly [number, number])[] = [
  [5, 0.15],
  [6, 0.14],
  [7, 0.13],
  [8, 0.12],
  [9, 0.11],
  [10, 0.1],
];

/** Rae et al. 2021, table A1, counted as datatrove counts: copies after the first, over the length of the text. */
export const gopherRepetition: RulePack = {
  id: "gopher-repetition",
  origin: "Rae et al. 2021 (Gopher), table A1; variant of datatrove, except that a top n-gram must occur twice",
  rules: [
    {
      name: "duplicate-paragraphs",
      measure: ({ paragraphs }) => share(repeatedParts(paragraphs).count, paragraphs.length),
      maximum: 0.3,
    },
    {
      name: "duplicate-paragraph-characters",
      measure: ({ paragraphs, text }) => share(repeatedParts(paragraphs).characters, text.length),
      maximum: 0.2,
    },
    { name: "duplicate-lines", measure: ({ lines }) => share(repeatedParts(lines).count, lines.length), maximum: 0.3 },
    {
      name: "duplicate-line-characters",
      measure: ({ lines, text }) => share(repeatedParts(lines).characters, text.length),
      maximum: 0.2,
    },
    ...topGrams.map(
      ([n, maximum]): QualityRule => ({
        name: `top-${n}-gram-characters`,
        measure: ({ words, text }) => share(topGramCharacters(words, n), text.length),
        maximum,
      }),
    ),
    ...repeatedGrams.map(
      ([n, maximum]): QualityRule => ({
        name: `duplicate-${n}-gram-characters`,
        measure: ({ words, text }) => share(repeatedGramCharacters(words, n), text.length),
        maximum,
      }),
    ),
  ],
};

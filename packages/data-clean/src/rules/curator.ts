import { countMatches, type RulePack } from "./quality-rule.ts";
import type { TextDocument } from "./text-document.ts";

function perCharacter(pattern: RegExp): (document: TextDocument) => number {
  return ({ text }) => countMatches(text, pattern) / Math.max(1, text.length);
}

/** Upper limits of NVIDIA NeMo Curator's heuristics. */
export const curator: RulePack = {
  id: "curator",
  origin: "NVIDIA NeMo Curator, heuristic filters (revision of August 2026)",
  rules: [
    { name: "non-alphanumeric-characters", measure: perCharacter(/[^\p{L}\p{N}\s]/gu), maximum: 0.25 },
    { name: "digits", measure: perCharacter(/\p{Nd}/gu), maximum: 0.15 },
    {
      name: "url-characters",
      measure: ({ text }) =>
        [...text.matchAll(/https?:\/\/\S+/g)].reduce((sum, [url]) => sum + url.length, 0) / Math.max(1, text.length),
      maximum: 0.2,
    },
    { name: "white-space", measure: perCharacter(/\s/g), maximum: 0.25 },
    { name: "parentheses", measure: perCharacter(/[()[\]{}]/g), maximum: 0.1 },
    {
      name: "longest-word",
      measure: ({ words }) => words.reduce((longest, word) => Math.max(longest, word.length), 0),
      maximum: 1000,
    },
  ],
};

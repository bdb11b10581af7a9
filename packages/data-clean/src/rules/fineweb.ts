import { repeatedParts } from "./gopher-repetition.ts";
import { type RulePack, shareOf } from "./quality-rule.ts";

/** Penedo et al. 2024, section 3.6: FineWeb's own rules. */
export const fineweb: RulePack = {
  id: "fineweb",
  origin: "Penedo et al. 2024 (FineWeb), section 3.6; terminal punctuation of Latin and Chinese script",
  rules: [
    {
      name: "terminal-punctuation-lines",
      measure: ({ lines }) => shareOf(lines, (line) => /[.?!"'。？！”]\s*$/.test(line)),
      minimum: 0.12,
    },
    { name: "short-lines", measure: ({ lines }) => shareOf(lines, (line) => line.trim().length <= 30), maximum: 0.67 },
    {
      name: "duplicate-line-characters",
      measure: ({ lines, text }) => repeatedParts(lines).characters / Math.max(1, text.replaceAll("\n", "").length),
      maximum: 0.01,
    },
    {
      name: "line-ends-per-word",
      measure: ({ text, words }) => (text.split("\n").length - 1) / Math.max(1, words.length),
      maximum: 0.3,
    },
  ],
};

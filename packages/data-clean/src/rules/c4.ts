import { countMatches, type RulePack } from "./quality-rule.ts";

const policyPhrases = [
  "terms of use",
  "privacy policy",
  "cookie policy",
  "uses cookies",
  "use of cookies",
  "use cookies",
];

/** Raffel et al. 2020, section 2.2: line rules first, then the document. */
export const c4: RulePack = {
  id: "c4",
  origin: "Raffel et al. 2020 (C4); FineWeb's variant is line-terminal-punctuation.minimum = 0",
  editThresholds: { "line-words.minimum": 3, "line-word-length.maximum": 1000, "line-terminal-punctuation.minimum": 1 },
  edit(document, threshold) {
    const keeps = (line: string): boolean => {
      const words = line.match(/\S+/g) ?? [];
      const lower = line.toLowerCase();
      const ends = /[.?!"'。？！”]\s*$/.test(line) && !/(?:\.\.\.|…)\s*$/.test(line);
      return (
        (ends || threshold("line-terminal-punctuation.minimum") === 0) &&
        words.length >= threshold("line-words.minimum") &&
        words.every((word) => word.length <= threshold("line-word-length.maximum")) &&
        !lower.includes("javascript") &&
        !policyPhrases.some((phrase) => lower.includes(phrase))
      );
    };
    return document.text
      .replace(/\[(?:\d+|edit|citation needed)\]/gi, "")
      .split("\n")
      .filter((line) => line.trim() === "" || keeps(line))
      .join("\n")
      .replace(/\n{3,}/g, "\n\n")
      .trim();
  },
  rules: [
    { name: "lorem-ipsum", measure: ({ text }) => countMatches(text, /lorem ipsum/gi), maximum: 0 },
    { name: "curly-brackets", measure: ({ text }) => countMatches(text, /\{/g), maximum: 0 },
    {
      name: "sentences",
      measure: ({ text }) => countMatches(text, /[^.!?。！？]+(?:[.!?。！？]+["')\]”]*|$)/g),
      minimum: 5,
    },
  ],
};

/** How texts are made alike before they are compared exactly; the golden numbers of public sets depend on it. */
export type TextNormalisation = "none" | "trim-lowercase" | "fold-space" | "alphanumeric";

/** The normalisations, for option checks. */
export const textNormalisations: readonly TextNormalisation[] = [
  "none",
  "trim-lowercase",
  "fold-space",
  "alphanumeric",
];

/**
 * Makes a text comparable: `trim-lowercase` does just that; `fold-space` also makes every run of white space one space;
 * `alphanumeric` is lower case with every run of characters that are neither letters nor digits (of any script) as one
 * space.
 */
export function normaliseText(text: string, normalisation: TextNormalisation): string {
  if (normalisation === "none") return text;
  const lower = text.toLowerCase();
  if (normalisation === "fold-space") return lower.replace(/\s+/g, " ").trim();
  return (normalisation === "alphanumeric" ? lower.replace(/[^\p{L}\p{N}]+/gu, " ") : lower).trim();
}

/** A text with what rules measure on it; each is computed when it is first asked for. */
export interface TextDocument {
  /** The text. */
  readonly text: string;
  /** Words separated by white space (as dolma and NeMo Curator count; datatrove uses a tokenizer). */
  readonly words: readonly string[];
  /** Lines that are not empty. */
  readonly lines: readonly string[];
  /** Parts separated by empty lines. */
  readonly paragraphs: readonly string[];
}

/** Prepares a text for rules. */
export function createTextDocument(text: string): TextDocument {
  let words: readonly string[] | undefined;
  let lines: readonly string[] | undefined;
  let paragraphs: readonly string[] | undefined;
  return {
    text,
    get words() {
      words ??= text.match(/\S+/g) ?? [];
      return words;
    },
    get lines() {
      lines ??= text.split(/\n+/).filter((line) => line.trim() !== "");
      return lines;
    },
    get paragraphs() {
      paragraphs ??= text.trim().split(/\n{2,}/);
      return paragraphs;
    },
  };
}

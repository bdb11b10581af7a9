/** Kinds of personal data that are found. */
export type PiiType = "email" | "url" | "iban" | "card" | "ip" | "phone";

/** The kinds, in the order in which they win when matches overlap and score the same. */
export const piiTypes: readonly PiiType[] = ["email", "url", "iban", "card", "ip", "phone"];

/** A match: UTF-16 offsets [start, end) in the text. */
export interface PiiSpan {
  /** What it is. */
  readonly type: PiiType;
  /** Offset of its first character. */
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
  /** How sure the pattern, its checksum and the words around it make it, 0 to 1. */
  readonly score: number;
}

/** Finds the matches of one kind. */
export type PiiDetector = (text: string) => Iterable<PiiSpan>;

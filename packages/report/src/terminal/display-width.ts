/** Two columns each: Hangul, CJK, kana, full-width forms and emoji (Unicode East Asian Width W and F, abridged). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Text without control characters and direction marks, which could move the cursor, recolour or reorder a terminal. */
export function plainText(text: string): string {
  return text.replace(/\s+/gu, " ").replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** Columns that a text takes in a terminal; combining marks and format characters take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!/\p{M}|\p{Cf}/u.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** Cuts a text to `width` columns, with an ellipsis where something is missing. */
export function fitText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let shown = "";
  for (const character of text) {
    if (displayWidth(shown + character) > width - 1) break;
    shown += character;
  }
  return `${shown}…`;
}

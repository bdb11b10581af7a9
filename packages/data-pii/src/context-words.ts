/** Whether one of the words stands within 40 characters before the match or 12 after it. */
export function hasContext(text: string, start: number, end: number, words: RegExp): boolean {
  return words.test(text.slice(Math.max(0, start - 40), start)) || words.test(text.slice(end, end + 12));
}

/** Most characters of a foreign value that a sentence quotes. */
const quoted = 80;

/** The beginning of a text that may be long, for a sentence that quotes it. */
export function shorten(text: string): string {
  return text.length <= quoted ? text : `${text.slice(0, quoted)}…`;
}

// Spreadsheets write "CSV" in the way of the country that they are set to: with semicolons where numbers have decimal commas.

/** How the fields of a file are set apart. */
export interface CsvDialect {
  readonly delimiter: string;
  /** Whether the first line is `sep=;`, which spreadsheets write for each other, and no row. */
  readonly named: boolean;
}

/** What may be between fields; the first one of those that a header has equally often. */
const delimiters = [",", ";", "\t", "|"];

/** The delimiter that the text names in a line `sep=;`, else the one that its first line holds most often outside quotes. */
export function dialectOf(text: string): CsvDialect {
  const named = /^sep=([^"\r\n])\r?\n/i.exec(text)?.[1];
  if (named !== undefined) return { delimiter: named, named: true };
  const header = /^(?:"(?:[^"]|"")*"|[^"\r\n])*/.exec(text.trimStart())![0].replace(/"(?:[^"]|"")*"/g, "");
  const counts = delimiters.map((delimiter) => header.split(delimiter).length);
  return { delimiter: delimiters[counts.indexOf(Math.max(...counts))]!, named: false };
}

/** The encoding that a byte-order mark says, UTF-8 without one. */
export function encodingOf([first, second]: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

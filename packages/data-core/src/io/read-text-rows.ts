import { isUtf8 } from "node:buffer";
import { AttuneError } from "@attune/spec";
import type { ReadBytesOptions } from "./read-bytes.ts";
import { type ReadLinesOptions, readLines } from "./read-lines.ts";
import { readWholeFile } from "./read-whole-file.ts";
import type { DataRow } from "./row.ts";

/** What becomes one row of a text file. */
export type TextUnit = "file" | "paragraph" | "line";

/** Reads a text file as rows with one column `text`: the file, its paragraphs (separated by empty lines) or its lines. */
export async function* readTextRows(
  path: string,
  unit: TextUnit,
  options: ReadLinesOptions = {},
): AsyncGenerator<DataRow> {
  if (unit === "file") {
    yield { values: { text: await readMailText(path, options) }, file: path, line: 1 };
    return;
  }
  let paragraph: string[] = [];
  let start = 1;
  const take = (): DataRow => ({ values: { text: paragraph.join("\n") }, file: path, line: start });
  for await (const { text, line } of readLines(path, options)) {
    const blank = text.trim() === "";
    if (!blank) {
      if (paragraph.length === 0) start = line;
      paragraph.push(text);
    }
    if (paragraph.length > 0 && (blank || unit === "line")) {
      yield take();
      paragraph = [];
    }
  }
  if (paragraph.length > 0) yield take();
}

/**
 * Reads the mails of an mbox file as rows with one column `text`: a line that starts with "From " at the beginning or
 * after an empty line opens a mail, and ">From " inside is unescaped.
 */
export async function* readMboxRows(path: string, options: ReadBytesOptions = {}): AsyncGenerator<DataRow> {
  const lines = (await readMailText(path, options)).split(/\r?\n/);
  let mail: string[] = [];
  let start = 1;
  for (const [index, line] of lines.entries()) {
    const opens = line.startsWith("From ") && (index === 0 || lines[index - 1] === "");
    if (opens && index > 0) yield { values: { text: mail.join("\n") }, file: path, line: start };
    if (opens) {
      mail = [];
      start = index + 1;
    } else if (index === 0) {
      throw new AttuneError(
        "FILE_CORRUPT",
        `Expected ${path} to start with a "From " line as mbox files do, but it starts otherwise.`,
        {
          hint: 'Use format "text" with unit "file" for a file that holds one mail.',
          details: { file: path, line: 1 },
        },
      );
    }
    mail.push(line.replace(/^>(>*From )/, "$1"));
  }
  if (mail.length > 0) yield { values: { text: mail.join("\n") }, file: path, line: start };
}

/**
 * Mails are bytes in the character sets that their parts name. A file that is no UTF-8 is therefore read with one
 * character a byte, from which the mail parser decodes each part.
 */
async function readMailText(path: string, options: ReadBytesOptions): Promise<string> {
  const bytes = await readWholeFile(path, "Split it, or read it by lines or paragraphs.", options);
  return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
}

// CSV after RFC 4180. Own code, because a record's provenance is the line on which its row starts: csv-parse 7 tells the one on which a row
// ends, papaparse 5 none, and the former refuses the lone quote that spreadsheets leave inside an unquoted field.
import { AttuneError } from "@attune/spec";

/** One CSV line: its fields and the line of the file on which it starts. */
export interface CsvRow {
  /** The fields, unquoted. */
  readonly fields: readonly string[];
  /** Line of the file, counted from 1. */
  readonly line: number;
}

/** Takes pieces of text and returns the rows that are complete. */
export interface CsvParser {
  /** Takes the next piece and returns the rows that it completes. */
  push(text: string): CsvRow[];
  /** Ends the text and returns the last row, if any. Throws `FILE_CORRUPT` for a quote that never closes. */
  end(): CsvRow[];
}

/** Longest field in characters; a quote that never closes would otherwise collect the rest of the file. */
const maxFieldLength = 2 ** 26;

/**
 * Parses CSV as a stream: quoted fields with doubled quotes, delimiters and line ends inside quotes, LF,
 * CR LF or CR as line end, empty lines passed over. A quote inside an unquoted field is an ordinary character; text
 * after a closing quote is `FILE_CORRUPT`.
 */
export function createCsvParser(file: string, delimiter = ","): CsvParser {
  const tokensOf = createTokenizer(delimiter);
  let rows: CsvRow[] = [];
  let fields: string[] = [];
  let field = "";
  let state: "start" | "plain" | "quoted" | "closed" = "start";
  let line = 1;
  let rowLine = 1;
  let quoteLine = 1;

  const endField = (): void => {
    fields.push(field);
    field = "";
    state = "start";
  };
  const endRow = (): void => {
    const empty = fields.length === 0 && state === "start";
    if (!empty) {
      endField();
      rows.push({ fields, line: rowLine });
      fields = [];
    }
    line += 1;
    rowLine = line;
  };
  const take = (token: string): void => {
    if (state === "quoted" && token !== '"') {
      field += token;
      if (isLineEnd(token)) line += 1;
    } else if (token === delimiter) endField();
    else if (isLineEnd(token)) endRow();
    else if (token === '"' && state !== "plain") {
      if (state === "start") quoteLine = line;
      if (state === "closed") field += '"';
      state = state === "quoted" ? "closed" : "quoted";
    } else {
      if (state === "closed") throw textAfterQuote(file, line, token);
      field += token;
      state = "plain";
    }
    if (field.length > maxFieldLength) throw unclosed(file, state === "quoted" ? quoteLine : line);
  };
  return {
    push(text) {
      rows = [];
      for (const token of tokensOf(text)) take(token);
      return rows;
    },
    end() {
      rows = [];
      for (const token of tokensOf()) take(token);
      if (state === "quoted") throw unclosed(file, quoteLine);
      endRow();
      return rows;
    },
  };
}

/** Cuts pieces of text, and without one what is left, into quotes, delimiters, line ends and the text between them. */
function createTokenizer(delimiter: string): (text?: string) => readonly string[] {
  const special = `"\\r\\n${delimiter.replace(/[\\\]^-]/, "\\$&")}`;
  const token = new RegExp(`\\r\\n|[${special}]|[^${special}]+`, "g");
  let held = "";
  return (piece) => {
    const text = held + (piece ?? "");
    // A CR that ends a piece may be the first half of a CR LF.
    held = piece !== undefined && text.endsWith("\r") ? "\r" : "";
    return text.slice(0, text.length - held.length).match(token) ?? [];
  };
}

function isLineEnd(token: string): boolean {
  return token === "\n" || token === "\r\n" || token === "\r";
}

function unclosed(file: string, line: number): AttuneError {
  return new AttuneError(
    "FILE_CORRUPT",
    `Expected a closing quote for the field that starts in line ${line} of ${file}, but found none.`,
    {
      hint: "A quote inside a quoted field is written twice.",
      details: { file, line },
    },
  );
}

function textAfterQuote(file: string, line: number, text: string): AttuneError {
  return new AttuneError(
    "FILE_CORRUPT",
    `Expected a delimiter or a line end after the closing quote in line ${line} of ${file}, but found ${JSON.stringify(text.slice(0, 20))}.`,
    { hint: "A quote inside a quoted field is written twice.", details: { file, line } },
  );
}

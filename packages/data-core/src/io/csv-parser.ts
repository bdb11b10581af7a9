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
const maximumFieldLength = 2 ** 26;

/**
 * Parses CSV after RFC 4180 as a stream: quoted fields with doubled quotes, delimiters and line ends inside quotes, LF,
 * CR LF or CR as line end, empty lines passed over. A quote inside an unquoted field is an ordinary character; text
 * after a closing quote is `FILE_CORRUPT`.
 */
export function createCsvParser(file: string, delimiter = ","): CsvParser {
  let fields: string[] = [];
  let field = "";
  let state: "start" | "plain" | "quoted" | "closed" = "start";
  let line = 1;
  let rowLine = 1;
  let quoteLine = 1;
  let afterReturn = false;
  let rows: CsvRow[] = [];

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
    }
    fields = [];
    rowLine = line;
  };
  const breakLine = (character: string): void => {
    if (character === "\n" && afterReturn) rowLine = line;
    else {
      line += 1;
      endRow();
    }
  };
  /** Takes what ends the current plain run at `index` and returns the index after it. */
  const takeSpecial = (character: string): void => {
    if (state === "quoted") {
      if (character === '"') state = "closed";
      else {
        field += character;
        if (character === "\n" ? !afterReturn : character === "\r") line += 1;
      }
    } else if (character === delimiter) endField();
    else if (character === "\n" || character === "\r") breakLine(character);
    else if (character === '"' && state === "start") {
      state = "quoted";
      quoteLine = line;
    } else if (character === '"' && state === "closed") {
      field += '"';
      state = "quoted";
    } else field += character;
    afterReturn = character === "\r";
  };
  const takeRun = (run: string): void => {
    if (state === "closed") throw textAfterQuote(file, line, run);
    if (state === "start") state = "plain";
    field += run;
    afterReturn = false;
    if (field.length > maximumFieldLength) throw unclosed(file, state === "quoted" ? quoteLine : rowLine);
  };
  const special = new RegExp(`["\\r\\n${delimiter.replace(/[\\\]^-]/, "\\$&")}]`, "g");

  const push = (text: string): CsvRow[] => {
    rows = [];
    let start = 0;
    special.lastIndex = 0;
    for (let match = special.exec(text); match !== null; match = special.exec(text)) {
      if (match.index > start) takeRun(text.slice(start, match.index));
      takeSpecial(match[0]);
      start = match.index + 1;
    }
    if (start < text.length) takeRun(text.slice(start));
    return rows;
  };
  const end = (): CsvRow[] => {
    rows = [];
    if (state === "quoted") throw unclosed(file, quoteLine);
    endRow();
    return rows;
  };
  return { push, end };
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

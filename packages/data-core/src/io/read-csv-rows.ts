import { AttuneError } from "@attune/spec";
import { dialectOf, encodingOf } from "./csv-dialect.ts";
import { type CsvParser, type CsvRow, createCsvParser } from "./csv-parser.ts";
import { decodeText } from "./decode-text.ts";
import { type ReadBytesOptions, readBytes } from "./read-bytes.ts";
import type { DataRow } from "./row.ts";

/** How a CSV file is read. */
export interface ReadCsvOptions extends ReadBytesOptions {
  /** One character between fields. Default: a tab for `.tsv`, else what the first line has most of: commas, semicolons, tabs or bars. */
  readonly delimiter?: string | undefined;
}

/**
 * Streams the rows of a CSV file whose first row names the columns, those without a name by their place; values are texts. A
 * byte-order mark is heeded, of UTF-16 too, gzip unpacked, a first line `sep=;` followed. Throws with file and line for a row of another
 * width, a column named twice, and bytes that are no text.
 */
export async function* readCsvRows(path: string, options: ReadCsvOptions = {}): AsyncGenerator<DataRow> {
  const given = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? "\t" : undefined);
  if (given !== undefined && (given.length !== 1 || '"\r\n'.includes(given))) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a delimiter of one character, but received ${JSON.stringify(given)}.`,
      { details: { key: "delimiter" } },
    );
  }
  let columns: readonly string[] | undefined;
  for await (const row of csvRows(path, given, options)) {
    if (columns === undefined) columns = checkHeader(row, path);
    else yield { values: zip(columns, row, path), file: path, line: row.line };
  }
}

async function* csvRows(path: string, given: string | undefined, options: ReadBytesOptions): AsyncGenerator<CsvRow> {
  let parse: ((bytes?: Uint8Array) => CsvRow[]) | undefined;
  for await (const bytes of readBytes(path, options)) {
    parse ??= openParser(path, given, bytes);
    yield* parse(bytes);
  }
  if (parse !== undefined) yield* parse();
}

/** Parses pieces of bytes, and without one what is left, by what the first of them shows: the encoding and the delimiter. */
function openParser(path: string, given: string | undefined, first: Uint8Array): (bytes?: Uint8Array) => CsvRow[] {
  const decode = decodeText(path, encodingOf(first));
  let parser: CsvParser | undefined;
  let passedOver = 0;
  return (bytes) => {
    const text = decode(bytes);
    if (parser === undefined) {
      const dialect = given === undefined ? dialectOf(text) : { delimiter: given, named: false };
      parser = createCsvParser(path, dialect.delimiter);
      passedOver = dialect.named ? 1 : 0;
    }
    const rows = [...parser.push(text), ...(bytes === undefined ? parser.end() : [])];
    const kept = rows.slice(passedOver);
    passedOver -= rows.length - kept.length;
    return kept;
  };
}

function checkHeader(row: CsvRow, path: string): readonly string[] {
  if (row.fields.some((name) => name.includes("\0"))) {
    throw new AttuneError("FILE_CORRUPT", `Expected text in ${path}, but its header has NUL characters.`, {
      hint: `It is probably UTF-16 without a byte-order mark; convert it: iconv -f UTF-16LE -t UTF-8 ${path}`,
      details: { file: path, line: row.line },
    });
  }
  // Spreadsheets leave columns without a name behind what was deleted.
  const names = row.fields.map((name, index) => name || `column ${index + 1}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new AttuneError("INPUT_INVALID", `Expected distinct column names in ${path}, but "${twice}" is there twice.`, {
    hint: "The first row of a CSV file names its columns; put one in front if there is none.",
    details: { file: path, line: row.line, key: twice },
  });
}

function zip(columns: readonly string[], row: CsvRow, path: string): Record<string, string> {
  if (row.fields.length === columns.length)
    return Object.fromEntries(columns.map((name, index) => [name, row.fields[index]!]));
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected ${columns.length} fields as in the first row, but line ${row.line} of ${path} has ${row.fields.length}.`,
    {
      hint: "Fields that hold the delimiter or a line end must be in quotes.",
      details: { file: path, line: row.line },
    },
  );
}

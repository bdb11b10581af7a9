import { AttuneError } from "@attune/spec";
import { type CsvRow, createCsvParser } from "./csv-parser.ts";
import { type ReadBytesOptions, readBytes } from "./read-bytes.ts";
import type { DataRow } from "./row.ts";

/** How a CSV file is read. */
export interface ReadCsvOptions extends ReadBytesOptions {
  /** One character between fields. Default: a tab for `.tsv`, else a comma. */
  readonly delimiter?: string | undefined;
}

/**
 * Streams the rows of a CSV file whose first row names the columns; values are texts. A byte-order mark is dropped,
 * gzip unpacked. Throws with file and line for a row of another width, a column named twice, and bytes that are no UTF-8.
 */
export async function* readCsvRows(path: string, options: ReadCsvOptions = {}): AsyncGenerator<DataRow> {
  const delimiter = options.delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? "\t" : ",");
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected a delimiter of one character, but received ${JSON.stringify(delimiter)}.`,
      {
        details: { key: "delimiter" },
      },
    );
  }
  let columns: readonly string[] | undefined;
  for await (const row of csvRows(path, delimiter, options)) {
    if (columns === undefined) columns = checkHeader(row, path);
    else yield { values: zip(columns, row, path), file: path, line: row.line };
  }
}

async function* csvRows(path: string, delimiter: string, options: ReadBytesOptions): AsyncGenerator<CsvRow> {
  const parser = createCsvParser(path, delimiter);
  // The decoder drops a byte-order mark by itself.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw new AttuneError(
        "FILE_CORRUPT",
        `Expected UTF-8 text, but ${path} holds bytes that are not, after line ${line}.`,
        {
          hint: "Convert the file to UTF-8, for example with iconv.",
          cause,
          details: { file: path, line },
        },
      );
    }
  };
  for await (const bytes of readBytes(path, options)) {
    for (const row of parser.push(decode(bytes))) {
      line = row.line;
      yield row;
    }
  }
  yield* parser.push(decode());
  yield* parser.end();
}

function checkHeader(row: CsvRow, path: string): readonly string[] {
  const twice = row.fields.find((name, index) => row.fields.indexOf(name) !== index);
  if (twice === undefined) return row.fields;
  throw new AttuneError("INPUT_INVALID", `Expected distinct column names in ${path}, but "${twice}" is there twice.`, {
    hint: "The first row of a CSV file names its columns.",
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

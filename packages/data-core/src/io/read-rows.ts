import { AttuneError } from "@attune/spec";
import { readBytes } from "./read-bytes.ts";
import { type ReadCsvOptions, readCsvRows } from "./read-csv-rows.ts";
import { type ReadJsonRowsOptions, readJsonArrayRows, readJsonLineRows } from "./read-json-rows.ts";
import { readMboxRows, readTextRows, type TextUnit } from "./read-text-rows.ts";
import type { DataRow } from "./row.ts";

/** Formats of data files. `json` is one array of rows, `jsonl` one row a line. */
export type FileFormat = "jsonl" | "json" | "csv" | "text" | "mbox";

/** The formats, for option checks. */
export const fileFormats: readonly FileFormat[] = ["jsonl", "json", "csv", "text", "mbox"];

/** How the rows of a file are read. */
export interface ReadRowsOptions extends ReadJsonRowsOptions, ReadCsvOptions {
  /** Default `auto`: by the ending for CSV, text and mbox, by the first character for JSON. */
  readonly format?: FileFormat | "auto" | undefined;
  /** What is one row of a text file. Default `file`. */
  readonly unit?: TextUnit | undefined;
}

/**
 * Streams the rows of a data file in any supported format; gzip is unpacked. Throws `FILE_UNSUPPORTED` for a file that holds no text, and
 * what the reader of its format throws.
 */
export async function* readRows(path: string, options: ReadRowsOptions = {}): AsyncGenerator<DataRow> {
  const given = options.format ?? "auto";
  const format = given === "auto" ? await detectFormat(path) : given;
  if (format === "jsonl") yield* readJsonLineRows(path, options);
  else if (format === "json") yield* readJsonArrayRows(path, options);
  else if (format === "csv") yield* readCsvRows(path, options);
  else if (format === "mbox") yield* readMboxRows(path, options);
  else yield* readTextRows(path, options.unit ?? "file", options);
}

async function detectFormat(path: string): Promise<FileFormat> {
  if (/\.[ct]sv(\.gz)?$/i.test(path)) return "csv";
  if (/\.(txt|text|md|mdx|markdown|rst|adoc|org|tex|eml|x?html?)(\.gz)?$/i.test(path)) return "text";
  if (/\.mbox(\.gz)?$/i.test(path)) return "mbox";
  const bytes = await firstBytes(path);
  if (isUtf16(bytes)) throw utf16Error(path);
  const head = bytes
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .trimStart();
  // A file of nothing has no rows, whatever it was to be; that is for its reader to refuse.
  if (head.startsWith("{") || head === "") return "jsonl";
  if (head.startsWith("[")) return "json";
  // Source code, notes and raw mails have any ending, or none.
  const [, kind] = documentKinds.find(([start]) => head.startsWith(start)) ?? [];
  if (kind === undefined && !isBinary(bytes)) return "text";
  throw new AttuneError(
    "FILE_UNSUPPORTED",
    `Expected JSON, JSON Lines, CSV, text or mbox in ${path}, but it ${kind === undefined ? "holds no text" : `is ${kind}`}.`,
    {
      hint: "Turn it into text first (pdftotext and pandoc do that), or choose files of a folder by include, such as **/*.md.",
      details: { file: path },
    },
  );
}

async function firstBytes(path: string): Promise<Buffer> {
  for await (const bytes of readBytes(path)) return bytes.subarray(0, 4096);
  return Buffer.alloc(0);
}

/** Documents that hold text, but not as text, by how they begin, one character a byte. */
const documentKinds: readonly (readonly [start: string, kind: string])[] = [
  ["%PDF-", "a PDF"],
  ["PK\u0003\u0004", "a ZIP file, as word processors and spreadsheets write them"],
  ["\u00d0\u00cf\u0011\u00e0", "a file of an old word processor or spreadsheet"],
];

/** Text has no control characters but white space and ESC, in any of the usual character sets. */
const isBinary = (bytes: Uint8Array): boolean =>
  bytes.some((byte) => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b);

/** Whether bytes begin with the byte-order mark of UTF-16, as spreadsheets and Windows editors write it. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

function utf16Error(path: string): AttuneError {
  return new AttuneError("FILE_CORRUPT", `Expected UTF-8 text, but ${path} is UTF-16.`, {
    hint: `Convert it: iconv -f UTF-16 -t UTF-8 ${path}`,
    details: { file: path },
  });
}

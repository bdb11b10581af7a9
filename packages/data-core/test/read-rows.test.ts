import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { AttuneError } from "@attune/spec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, type ReadRowsOptions, readRows, writeJsonLines } from "../src/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-rows-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function rowsOf(name: string, content: string | Uint8Array, options?: ReadRowsOptions) {
  const path = join(folder, name);
  await writeFile(path, content);
  return (await collect(readRows(path, options))).map(({ values, line }) => ({ ...values, line }));
}
async function failure(promise: Promise<unknown>): Promise<AttuneError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (AttuneError.is(error)) return error;
  throw new Error(`Expected an AttuneError, but got ${String(error)}`);
}

describe("readRows", () => {
  it("reads JSON Lines with BOM, CR LF, empty lines, no end of line, plain and as gzip", async () => {
    const text = '\uFEFF{"a":1}\r\n\n{"a":"ü"}';
    const expected = [
      { a: 1, line: 1 },
      { a: "ü", line: 3 },
    ];
    expect(await rowsOf("a.jsonl", text)).toEqual(expected);
    expect(await rowsOf("a.jsonl.gz", gzipSync(text))).toEqual(expected);
    expect(await rowsOf("named.json", text)).toEqual(expected);
  });

  it("reads lines and rows that lie across pieces of the file", async () => {
    const values = Array.from({ length: 40 }, (_, index) => ({ index, text: "é\n".repeat(index * 1000) }));
    await writeJsonLines(join(folder, "long.jsonl"), values);
    const rows = (await collect(readRows(join(folder, "long.jsonl")))).map((row) => row.values);
    expect(rows).toEqual(values);
    const csv = `i,t\n${values.map((value) => `${value.index},"${value.text}"`).join("\n")}\n`;
    expect((await rowsOf("long.csv", csv)).map((row) => (row as { t?: unknown }).t)).toEqual(
      values.map((value) => value.text),
    );
  });

  it("reads JSON arrays, CSV with BOM and quotes, text by unit, and mbox", async () => {
    expect(await rowsOf("b.json", ' [{"a":1},{"a":2}]')).toEqual([
      { a: 1, line: 1 },
      { a: 2, line: 2 },
    ]);
    expect(await rowsOf("c.csv", '\uFEFFtext,label\n"x,\ny",1\nz,2\n')).toEqual([
      { text: "x,\ny", label: "1", line: 2 },
      { text: "z", label: "2", line: 4 },
    ]);
    expect(await rowsOf("d.txt", "one\ntwo\n\n\nthree\n", { unit: "paragraph" })).toEqual([
      { text: "one\ntwo", line: 1 },
      { text: "three", line: 5 },
    ]);
    expect(await rowsOf("d.txt", "one\n\ntwo\n", { unit: "line" })).toEqual([
      { text: "one", line: 1 },
      { text: "two", line: 3 },
    ]);
    expect(await rowsOf("e.mbox", "From a Mon\nSubject: x\n\n>From here\n\nFrom b Tue\nSubject: y\n")).toEqual([
      { text: "From a Mon\nSubject: x\n\nFrom here\n", line: 1 },
      { text: "From b Tue\nSubject: y\n", line: 6 },
    ]);
    // 0xe9 is no UTF-8: one character a byte, for the mail parser to decode.
    expect(await rowsOf("f.eml", Buffer.from("Subject: caf\xe9", "latin1"))).toEqual([
      { text: "Subject: caf\xe9", line: 1 },
    ]);
  });

  it("unpacks gzip in every format, those that are held whole, too", async () => {
    const files = [
      [
        "g.json",
        ' [{"a":1},{"a":2}]',
        [
          { a: 1, line: 1 },
          { a: 2, line: 2 },
        ],
      ],
      ["g.csv", "text\nz\n", [{ text: "z", line: 2 }]],
      ["g.txt", "one\ntwo\n", [{ text: "one\ntwo\n", line: 1 }]],
      ["g.mbox", "From a Mon\nSubject: x\n", [{ text: "From a Mon\nSubject: x\n", line: 1 }]],
    ] as const;
    for (const [name, content, expected] of files) {
      expect(await rowsOf(name, content), name).toEqual(expected);
      expect(await rowsOf(`${name}.gz`, gzipSync(content)), name).toEqual(expected);
    }
  });

  it("reads a bare NaN as null only when asked, and reports the line", async () => {
    const text = '{"a":"NaN"}\n{"a":NaN,"b":-Infinity}\n';
    const error = await failure(rowsOf("nan.jsonl", text));
    expect([error.code, error.details?.line, error.hint]).toEqual([
      "FILE_CORRUPT",
      2,
      expect.stringContaining('nonFinite: "null"'),
    ]);
    const lines: number[] = [];
    const rows = await rowsOf("nan.jsonl", text, { nonFinite: "null", onNonFinite: (line) => lines.push(line) });
    expect([rows, lines]).toEqual([
      [
        { a: "NaN", line: 1 },
        { a: null, b: null, line: 2 },
      ],
      [2],
    ]);
  });

  it.each([
    ["truncated.jsonl", '{"a":1}\n{"a":', "FILE_CORRUPT", 2],
    ["list.jsonl", '{"a":1}\n[2]\n', "INPUT_INVALID", 2],
    ["latin.jsonl", Buffer.from('{"a":1}\n{"a":"\xe9"}\n', "latin1"), "FILE_CORRUPT", 2],
    ["width.csv", "a,b\n1,2\n1,2,3\n", "INPUT_INVALID", 3],
    ["twice.csv", "a,a\n1,2\n", "INPUT_INVALID", 1],
    ["latin.csv", Buffer.from("a,b\n1,\xe9\n", "latin1"), "FILE_CORRUPT", 2],
    [
      "late.csv",
      Buffer.concat([Buffer.from(`a,b\n${"1,é\n".repeat(70_000)}`), Buffer.from("1,\xe9\n", "latin1")]),
      "FILE_CORRUPT",
      70_002,
    ],
    ["nul.csv", Buffer.from("a,b\n1,2\n", "utf16le"), "FILE_CORRUPT", 1],
    ["broken.mbox", "Subject: x\n", "FILE_CORRUPT", 1],
    ["unknown.bin", "\u0000\u0001", "FILE_UNSUPPORTED", undefined],
    ["paper", "%PDF-1.7\n1 0 obj\n", "FILE_UNSUPPORTED", undefined],
    ["letter.docx", Buffer.from("504b030414000600", "hex"), "FILE_UNSUPPORTED", undefined],
    ["picture.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), "FILE_UNSUPPORTED", undefined],
    ["utf16.jsonl", Buffer.from('\uFEFF{"a":1}', "utf16le"), "FILE_CORRUPT", undefined],
    ["latin.json", Buffer.from('[{"a":"\xe9"}]', "latin1"), "FILE_CORRUPT", undefined],
    ["torn.txt.gz", gzipSync("text ".repeat(1000)).subarray(0, 30), "FILE_CORRUPT", undefined],
    ["torn.jsonl.gz", gzipSync('{"a":1}\n'.repeat(1000)).subarray(0, 40), "FILE_CORRUPT", undefined],
  ] as const)("rejects %s with code and line", async (name, content, code, line) => {
    const error = await failure(rowsOf(name, content));
    expect([error.code, error.details?.line, error.message.includes(join(folder, name))]).toEqual([code, line, true]);
  });

  it.each([
    ["code.ts", 'import { a } from "./a.ts";\n\nexport const b = a;\n'],
    ["notes.rst", "[1] Title\n=========\n"],
    ["00001.7c53336b", Buffer.from("Subject: caf\xe9\n\nAt nine.\n", "latin1")],
    ["colours.log", "\u001b[31mred\u001b[0m\n"],
  ] as const)("reads %s as one text, whatever its ending", async (name, content) => {
    const text = typeof content === "string" ? content : content.toString("latin1");
    expect(await rowsOf(name, content)).toEqual([{ text, line: 1 }]);
  });

  it("reads CSV as spreadsheets write it: other delimiters, UTF-16, columns without a name", async () => {
    const expected = [{ text: "x, y; z", label: "1,5", line: 2 }];
    const files = {
      "semicolons.csv": '\uFEFFtext;label\r\n"x, y; z";1,5\r\n',
      "tabs.csv": "text\tlabel\nx, y; z\t1,5\n",
      "bars.csv": "text|label\nx, y; z|1,5\n",
      "commas.csv": 'text,label\n"x, y; z","1,5"\n',
      "quoted.csv": '"text"|"label"\nx, y; z|1,5\n',
    };
    for (const [name, content] of Object.entries(files)) expect(await rowsOf(name, content), name).toEqual(expected);
    const tabs = "\uFEFFtext\tlabel\r\nx, y; z\t1,5\r\n";
    expect(await rowsOf("unicode.csv", Buffer.from(tabs, "utf16le"))).toEqual(expected);
    expect(await rowsOf("swapped.tsv", Buffer.from(tabs, "utf16le").swap16())).toEqual(expected);
    expect(await rowsOf("named.csv", 'sep=;\r\n"a,b,c";d\r\n1;2\r\n')).toEqual([{ "a,b,c": "1", d: "2", line: 3 }]);
    expect(await rowsOf("names.csv", '"one; two; three",b\n1,2\n')).toEqual([
      { "one; two; three": "1", b: "2", line: 2 },
    ]);
    expect(await rowsOf("unnamed.csv", "a,,b,\n1,2,3,\n")).toEqual([
      { a: "1", "column 2": "2", b: "3", "column 4": "", line: 2 },
    ]);
    expect(await rowsOf("told.csv", "a;b,c\n1;2,3\n", { delimiter: ";" })).toEqual([{ a: "1", "b,c": "2,3", line: 2 }]);
  });

  it("says where one object over several lines belongs", async () => {
    const error = await failure(rowsOf("one.json", '{\n  "a": 1\n}\n'));
    expect(error).toMatchObject({ code: "FILE_CORRUPT", hint: expect.stringContaining("in a list of rows") });
  });

  it("says what a file is that holds no text", async () => {
    expect((await failure(rowsOf("paper", "%PDF-1.7\n"))).message).toMatch(/paper, but it is a PDF\.$/);
    expect((await failure(rowsOf("unknown.bin", "\u0000\u0001"))).message).toMatch(/but it holds no text\.$/);
  });

  it("holds at most one line: a longer one than allowed is an error, a missing file and an abort too", async () => {
    expect(
      await failure(rowsOf("wide.jsonl", `{"a":"${"x".repeat(600_000)}"}`, { maxLineBytes: 500_000 })),
    ).toMatchObject({ code: "FILE_UNSUPPORTED" });
    expect(await failure(collect(readRows(join(folder, "none.jsonl"))))).toMatchObject({
      code: "FILE_NOT_FOUND",
    });
    await writeFile(join(folder, "ok.jsonl"), '{"a":1}\n');
    expect(await failure(collect(readRows(join(folder, "ok.jsonl"), { signal: AbortSignal.abort() })))).toMatchObject({
      code: "ABORTED",
    });
  });

  it("leaves nothing behind when the rows to write fail", async () => {
    async function* rows() {
      yield { a: 1 };
      throw new AttuneError("INPUT_INVALID", "no");
    }
    expect(await failure(writeJsonLines(join(folder, "never.jsonl"), rows()))).toMatchObject({ code: "INPUT_INVALID" });
    expect(await failure(collect(readRows(join(folder, "never.jsonl"))))).toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });
});

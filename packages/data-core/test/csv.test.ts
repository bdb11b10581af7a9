import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCsvParser } from "../src/io/csv-parser.ts";

function parse(
  text: string,
  pieceLength = text.length + 1,
  delimiter = ",",
): { fields: readonly string[]; line: number }[] {
  const parser = createCsvParser("x.csv", delimiter);
  const rows = [];
  for (let start = 0; start < text.length; start += pieceLength)
    rows.push(...parser.push(text.slice(start, start + pieceLength)));
  return [...rows, ...parser.end()];
}

describe("createCsvParser", () => {
  it("reads quotes, embedded line ends, CR LF and empty fields, with the line of each row", () => {
    expect(parse('a,"b, ""c""\r\nd",\r\n\r\ne,,"f"\n')).toEqual([
      { fields: ["a", 'b, "c"\r\nd', ""], line: 1 },
      { fields: ["e", "", "f"], line: 4 },
    ]);
    expect(parse("a\tb\rc\td", 1, "\t")).toEqual([
      { fields: ["a", "b"], line: 1 },
      { fields: ["c", "d"], line: 2 },
    ]);
    expect(parse('5" disk,x')).toEqual([{ fields: ['5" disk', "x"], line: 1 }]);
  });

  it("gives back any table, however the text is cut", () => {
    const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é", "😀"), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 2, maxLength: 3 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        (rows, piece) => {
          const text = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(",")).join("\r\n");
          expect(parse(text, piece).map((row) => row.fields)).toEqual(rows);
        },
      ),
    );
  });

  it("names the line of a quote that never closes and of text after a closing quote", () => {
    expect(() => parse('a,b\n"c,d\ne')).toThrow(/starts in line 2 of x\.csv/);
    expect(() => parse('a,b\n"c"d,e')).toThrow(/line 2 of x\.csv, but found "d"/);
  });
});

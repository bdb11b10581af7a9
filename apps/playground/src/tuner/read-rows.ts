// Rows as people have them: JSON lines or a JSON array in any format that Attune's data stages know, or plain text.
import { asRow, type DataRow, resolveMapping, rowToRecord } from "@attune/data-core";
import { AttuneError, type JsonValue, type TextRecord } from "@attune/spec";

/** What the input is called in errors. */
const name = "your rows";

/**
 * Reads rows from a text: JSON lines (prompt and completion, instruction and output, or text), a JSON array of such, or plain
 * text, of which every paragraph is a row.
 *
 * @throws AttuneError `DATA_EMPTY` without a row, `FILE_CORRUPT` or `INPUT_INVALID` naming the line
 */
export function readRows(input: string): TextRecord[] {
  const text = input.replace(/^\uFEFF/, "").trim();
  if (text === "") {
    throw new AttuneError("DATA_EMPTY", "There are no rows to learn from.", {
      hint: "Paste or drop text or JSON lines, or bring the example back.",
    });
  }
  if (!/^[[{]/.test(text)) return paragraphs(text);
  const rows = text.startsWith("[") ? arrayRows(text) : lineRows(input);
  const mapping = resolveMapping(undefined, Object.keys(rows[0]!.values), name);
  return rows.map((row) => rowToRecord(row, mapping, { source: "page" }));
}

function paragraphs(text: string): TextRecord[] {
  return text
    .split(/\r?\n[ \t]*(?:\r?\n)+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "")
    .map((paragraph, index) => ({ id: `paragraph ${index + 1}`, text: paragraph, source: "page" }));
}

function lineRows(input: string): DataRow[] {
  return input.split(/\r?\n/).flatMap((line, index) => {
    const content = line.replace(/^\uFEFF/, "");
    return content.trim() === ""
      ? []
      : [asRow(parse(content, `line ${index + 1} of ${name}`, index + 1), name, index + 1)];
  });
}

function arrayRows(text: string): DataRow[] {
  const values = parse(text, name, 1);
  if (!Array.isArray(values) || values.length === 0) {
    throw new AttuneError("DATA_EMPTY", `Expected a list of rows in ${name}, but it holds none.`);
  }
  return values.map((value: JsonValue, index) => asRow(value, name, index + 1));
}

function parse(text: string, where: string, line: number): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttuneError("FILE_CORRUPT", `Expected JSON in ${where}, but could not read it: ${reason}.`, {
      hint: "Every line is one object of its own; text that is not JSON must not begin with { or [.",
      cause,
      details: { line },
    });
  }
}

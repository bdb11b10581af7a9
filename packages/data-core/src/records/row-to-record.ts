import { AttuneError, describeValue, type JsonObject, type JsonValue, type TextRecord } from "@attune/spec";
import { cellOf, type DataRow } from "../io/row.ts";
import type { ColumnMapping, ResolvedMapping } from "./column-mapping.ts";
import { type RecordContent, type RecordMessage, textOfContent } from "./content.ts";

/** What a source adds to the records it makes. */
export interface RecordDefaults {
  /** Name of the file in the ids of rows that have no id of their own. Default: its last part. */
  readonly file?: string | undefined;
  /** Source of records whose rows name none. */
  readonly source: string;
  /** Licence of records whose rows name none. */
  readonly licence?: string | undefined;
  /** Label in the data to label of the record; when given, any other label is an error. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Further columns that go to metadata under their own names. */
  readonly keep?: readonly string[] | undefined;
}

/** Makes a record of a row. Throws `INPUT_INVALID` or `LABELS_INVALID` with file, line and column. */
export function rowToRecord(row: DataRow, mapping: ResolvedMapping, defaults: RecordDefaults): TextRecord {
  if (mapping.shape === "record") return readRecord(row, defaults);
  const { columns } = mapping;
  const content = readContent(row, mapping);
  const metadata = {
    ...(typeof content === "string" ? {} : { content: content as JsonObject }),
    ...keptColumns(row, defaults),
  };
  const record: TextRecord = {
    id: readId(row, columns.id, defaults.file),
    text: typeof content === "string" ? content : textOfContent(content),
    source: columns.source === undefined ? defaults.source : readText(row, columns.source, "source"),
  };
  const licence = columns.licence === undefined ? defaults.licence : readText(row, columns.licence, "licence");
  const label = columns.label === undefined ? undefined : readLabel(row, columns.label, defaults.labels);
  return {
    ...record,
    ...(licence === undefined ? {} : { licence }),
    ...(label === undefined ? {} : { label }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

function keptColumns(row: DataRow, { keep = [] }: RecordDefaults): Record<string, JsonValue> {
  return Object.fromEntries(
    keep.map((name) => {
      const value = cellOf(row, name);
      if (value === undefined) throw missing(row, name, "keep");
      return [name, value];
    }),
  );
}

function readContent(row: DataRow, { shape, columns }: ResolvedMapping): string | RecordContent {
  const text = (role: keyof ColumnMapping): string => readText(row, columns[role] as string, role);
  switch (shape) {
    case "completion":
      return { prompt: text("prompt"), completion: text("completion") };
    case "alpaca": {
      const input = columns.input === undefined ? "" : (cellOf(row, columns.input) ?? "");
      if (typeof input !== "string") throw wrongType(row, columns.input as string, "a text", input);
      const instruction = text("instruction");
      return { prompt: input === "" ? instruction : `${instruction}\n\n${input}`, completion: text("output") };
    }
    case "messages":
      return { messages: readMessages(row, columns.messages as string, "role", "content") };
    case "sharegpt": {
      const messages = readMessages(row, columns.conversations as string, "from", "value");
      const system = columns.system === undefined ? undefined : cellOf(row, columns.system);
      return {
        messages:
          typeof system === "string" && system !== "" ? [{ role: "system", content: system }, ...messages] : messages,
      };
    }
    case "preference":
      return readPreference(row, columns);
    default:
      return text("text");
  }
}

/** The prompt of a preference row is a text or, as LLaMA-Factory writes it, the conversation before the two answers. */
function readPreference(row: DataRow, columns: ColumnMapping): RecordContent {
  const answer = (role: "chosen" | "rejected"): string => {
    const value = cellOf(row, columns[role] as string);
    if (typeof value !== "object" || value === null) return readText(row, columns[role] as string, role);
    const message = value as JsonObject;
    const text = message["value"] ?? message["content"];
    if (typeof text !== "string") throw wrongType(row, columns[role] as string, "a text or a message", value);
    return text;
  };
  const prompt =
    columns.prompt !== undefined
      ? readText(row, columns.prompt, "prompt")
      : columns.conversations !== undefined
        ? readMessages(row, columns.conversations, "from", "value")
            .map((message) => message.content)
            .join("\n\n")
        : undefined;
  if (prompt === undefined) throw missing(row, "prompt", "prompt");
  return { prompt, chosen: answer("chosen"), rejected: answer("rejected") };
}

const roles: Readonly<Record<string, RecordMessage["role"]>> = {
  system: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  chatgpt: "assistant",
  model: "assistant",
  function_call: "assistant",
  tool: "tool",
  function: "tool",
  observation: "tool",
};

function readMessages(row: DataRow, column: string, roleKey: string, textKey: string): RecordMessage[] {
  const list = cellOf(row, column);
  if (!Array.isArray(list) || list.length === 0) throw wrongType(row, column, "a list of messages", list);
  return list.map((item: JsonValue): RecordMessage => {
    const message = typeof item === "object" && item !== null ? (item as JsonObject) : {};
    const role = roles[String(message[roleKey] ?? "")];
    const content = readMessageText(message[textKey]);
    if (role === undefined || content === undefined) {
      throw wrongType(row, column, `messages with ${roleKey} (${Object.keys(roles).join(", ")}) and ${textKey}`, item);
    }
    return { role, content };
  });
}

/** A message's content is a text, or a list of parts of which only texts can be taken. */
function readMessageText(content: JsonValue | undefined): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part: JsonValue) => {
    const { type, text, value } = typeof part === "object" && part !== null ? (part as JsonObject) : {};
    return type === "text" ? (text ?? value) : undefined;
  });
  return texts.every((text) => typeof text === "string") ? texts.join("\n\n") : undefined;
}

function readText(row: DataRow, column: string, role: string): string {
  const value = cellOf(row, column);
  if (value === undefined) throw missing(row, column, role);
  if (typeof value !== "string") throw wrongType(row, column, "a text", value);
  return value;
}

function readId(row: DataRow, columns: ColumnMapping["id"], file = row.file.split(/[\\/]/).at(-1)): string {
  if (columns === undefined) return `${file}:${row.line}`;
  const parts = [columns].flat().map((column) => {
    const value = cellOf(row, column as string);
    if (typeof value !== "string" && typeof value !== "number") throw missing(row, column as string, "id");
    return String(value);
  });
  return parts.join("/");
}

function readLabel(row: DataRow, column: string, labels: RecordDefaults["labels"]): string | undefined {
  const value = cellOf(row, column);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") throw wrongType(row, column, "one label, a text or a number,", value);
  const label = String(value);
  // An empty cell of a table is no label.
  if (labels === undefined) return label === "" ? undefined : label;
  const mapped = Object.hasOwn(labels, label) ? labels[label] : undefined;
  if (mapped !== undefined) return mapped;
  throw new AttuneError(
    "LABELS_INVALID",
    `Expected one of the labels ${Object.keys(labels).join(", ")} in line ${row.line} of ${row.file}, but received "${label}".`,
    {
      hint: "Add it to the labels of the source, or remove the row.",
      details: { file: row.file, line: row.line, key: column },
    },
  );
}

/** Takes a row of Attune's own format as it is, after checking the types of what later stages rely on. */
function readRecord(row: DataRow, defaults: RecordDefaults): TextRecord {
  const { id, text, source, licence, parents, label, metadata } = row.values;
  for (const [name, value] of Object.entries({ id, text, source })) {
    if (typeof value !== "string") throw wrongType(row, name, "a text", value);
  }
  for (const [name, value] of Object.entries({ licence, label })) {
    if (value !== undefined && typeof value !== "string") throw wrongType(row, name, "a text", value);
  }
  const isList =
    parents === undefined || (Array.isArray(parents) && parents.every((parent) => typeof parent === "string"));
  if (!isList) throw wrongType(row, "parents", "a list of ids", parents);
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))) {
    throw wrongType(row, "metadata", "an object", metadata);
  }
  const kept = keptColumns(row, defaults);
  const extended = Object.keys(kept).length === 0 ? metadata : { ...(metadata as JsonObject | undefined), ...kept };
  const fields = { id, text, source, licence: licence ?? defaults.licence, parents, label, metadata: extended };
  const record = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return record as unknown as TextRecord;
}

function missing(row: DataRow, column: string, role: string): AttuneError {
  return new AttuneError(
    "INPUT_INVALID",
    `Expected a column "${column}" (for ${role}) in line ${row.line} of ${row.file}, but the row has ${Object.keys(row.values).join(", ")}.`,
    {
      hint: "Correct the columns of the source, or the row; a field within a field is named with dots, such as ticket.body.",
      details: { file: row.file, line: row.line, key: column },
    },
  );
}

function wrongType(row: DataRow, column: string, expected: string, received: unknown): AttuneError {
  return new AttuneError(
    "INPUT_INVALID",
    `Expected ${expected} in column "${column}" in line ${row.line} of ${row.file}, but received ${describeValue(received)}.`,
    {
      details: { file: row.file, line: row.line, key: column },
    },
  );
}

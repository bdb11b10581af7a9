import type { JsonObject, JsonValue, TextRecord } from "@attune/spec";

/** One message of a conversation in a record: text alone, and one of four roles, however the file spelled them. */
export interface RecordMessage {
  /** Who speaks. */
  readonly role: "system" | "user" | "assistant" | "tool";
  /** What is said. */
  readonly content: string;
}

/**
 * The structured texts of a record, kept under `metadata.content`; `text` is then the join of all of them with empty
 * lines between. A record of plain text has no content.
 */
export type RecordContent =
  | { readonly prompt: string; readonly completion: string }
  | { readonly messages: readonly RecordMessage[] }
  | { readonly prompt: string; readonly chosen: string; readonly rejected: string }
  | { readonly subject: string; readonly body: string };

/** Returns the structured texts of a record, or undefined for plain text. */
export function contentOf(record: TextRecord): RecordContent | undefined {
  const content = record.metadata?.["content"];
  return typeof content === "object" && content !== null && !Array.isArray(content)
    ? (content as RecordContent)
    : undefined;
}

/** Returns the record with this content, its text joined from it. */
export function withContent(record: TextRecord, content: RecordContent): TextRecord {
  return { ...record, text: textOfContent(content), metadata: { ...record.metadata, content: content as JsonObject } };
}

/** Joins the texts of a content with empty lines; empty ones are left out. */
export function textOfContent(content: RecordContent): string {
  const texts =
    "messages" in content ? content.messages.map((message) => message.content) : Object.values<string>(content);
  return texts.filter((text) => text !== "").join("\n\n");
}

/**
 * Applies a function to every text of a record: its plain text, or each part of its content. `name` is `text` or the
 * key of the part (`prompt`, `subject`, ... or a message's role). Returns the same record when nothing changed.
 */
export function mapTexts(record: TextRecord, change: (text: string, name: string) => string): TextRecord {
  const content = contentOf(record);
  if (content === undefined) {
    const text = change(record.text, "text");
    return text === record.text ? record : { ...record, text };
  }
  let changed = false;
  const apply = (text: string, name: string): string => {
    const result = change(text, name);
    changed ||= result !== text;
    return result;
  };
  const mapped: JsonValue =
    "messages" in content
      ? {
          messages: content.messages.map((message) => ({
            role: message.role,
            content: apply(message.content, message.role),
          })),
        }
      : Object.fromEntries(Object.entries<string>(content).map(([name, text]) => [name, apply(text, name)]));
  return changed ? withContent(record, mapped as RecordContent) : record;
}

import type { JsonObject } from "@attune/spec";
import type { ColumnMapping } from "./column-mapping.ts";
import { usualShape } from "./row-shape.ts";

/** Names that people give to columns of these roles, the likeliest first. */
const usualNames = {
  prompt: ["prompt", "question", "query", "instruction", "input", "problem"],
  completion: ["completion", "answer", "response", "output", "target", "reply", "solution"],
  text: ["text", "body", "content", "message", "document", "article", "sentence", "review", "full_text", "description"],
  label: ["label", "category", "class", "intent", "topic", "queue", "sentiment"],
} as const;

/**
 * Guesses from one row which columns hold what, by names that are usual: a prompt and its completion, or a text, with its label
 * where there is one. Undefined where readers need no help, or no name is known. For proposals that somebody sees: readers never guess.
 */
export function guessColumns(row: JsonObject): ColumnMapping | undefined {
  const shape = usualShape(Object.keys(row));
  if (shape !== undefined && (shape !== "text" || "label" in row)) return undefined;
  const find = (role: keyof typeof usualNames): string | undefined =>
    usualNames[role]
      .flatMap((name) => Object.keys(row).find((column) => column.trim().toLowerCase() === name) ?? [])
      .find((column) => (role === "label" ? isLabel : isText)(row[column]));
  const [prompt, completion, text, label] = [find("prompt"), find("completion"), find("text"), find("label")];
  if (prompt !== undefined && completion !== undefined && text === undefined) return { prompt, completion };
  const content = text ?? prompt;
  if (content === undefined || (shape === "text" && label === undefined)) return undefined;
  return { text: content, ...(label === undefined ? {} : { label }) };
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** Classes are often numbers or yes and no. */
function isLabel(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

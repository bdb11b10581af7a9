// Rows that other programs hand over: every field is checked, and an error names the row.
import { encodePrompt } from "@attune/generate";
import { AttuneError, type Tokenizer } from "@attune/spec";
import { type ChatMessage, type ChatRenderer, createChatRenderer } from "@attune/tokenizer-core";

type Row = Readonly<Record<string, unknown>>;

/** A list of rows or a stream of them. */
export type Rows = Iterable<unknown> | AsyncIterable<unknown>;

/** A prompt and what follows it, in ids. */
export interface ScoreRow {
  readonly promptIds: ArrayLike<number>;
  readonly completionIds: ArrayLike<number>;
}

/**
 * Reads a row of `prompt` and `completion`, tokenised apart without special tokens (a BOS in front only if the tokenizer adds
 * one), or of `prompt_ids` and `completion_ids`, taken as they are.
 */
export function readScoreRow(value: unknown, index: number, tokenizer: Tokenizer): ScoreRow {
  const row = objectOf(value, index);
  if (row["prompt_ids"] !== undefined || row["completion_ids"] !== undefined) {
    return { promptIds: idsOf(row, "prompt_ids", index), completionIds: idsOf(row, "completion_ids", index) };
  }
  return {
    promptIds: encodePrompt(tokenizer, textOf(row, "prompt", index)),
    completionIds: tokenizer.encode(textOf(row, "completion", index)).ids,
  };
}

/** Makes the function that reads a row of `prompt`, `prompt_ids` or `messages` as the ids of a prompt. */
export function createPromptReader(tokenizer: Tokenizer): (value: unknown, index: number) => ArrayLike<number> {
  let render: ChatRenderer | undefined;
  return (value, index) => {
    const row = objectOf(value, index);
    if (row["prompt_ids"] !== undefined) return idsOf(row, "prompt_ids", index);
    if (row["messages"] === undefined) return encodePrompt(tokenizer, textOf(row, "prompt", index));
    render ??= createChatRenderer({ tokenizer });
    const { text } = render(messagesOf(row, index), { addGenerationPrompt: true });
    return tokenizer.encode(text, { parseSpecialTokens: true }).ids;
  };
}

function objectOf(value: unknown, index: number): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  throw wrongRow(index, "an object", value);
}

function textOf(row: Row, field: string, index: number): string {
  const value = row[field];
  if (typeof value === "string") return value;
  throw wrongRow(index, `a text in "${field}"`, value, field);
}

function idsOf(row: Row, field: string, index: number): readonly number[] {
  const value = row[field];
  if (Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && (id as number) >= 0))
    return value as number[];
  throw wrongRow(index, `a list of token ids in "${field}"`, value, field);
}

function messagesOf(row: Row, index: number): readonly ChatMessage[] {
  const value = row["messages"];
  const valid =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((message: unknown) => typeof (message as Row | null)?.["role"] === "string");
  if (valid) return value as ChatMessage[];
  throw wrongRow(index, 'messages with a role each in "messages"', value, "messages");
}

function wrongRow(row: number, expected: string, received: unknown, key?: string): AttuneError {
  const shown = received === undefined ? "nothing" : JSON.stringify(received).slice(0, 60);
  return new AttuneError("INPUT_INVALID", `Expected ${expected} in row ${row}, but received ${shown}.`, {
    hint: "Rows are counted from 0. A prompt is a prompt, prompt_ids or messages; to be scored it has a completion or completion_ids.",
    details: { row, ...(key === undefined ? {} : { key }) },
  });
}

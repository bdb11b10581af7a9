// Rows that other programs hand over: every field is checked, and an error names the row.
import { encodePrompt } from "@attune/generate";
import { AttuneError, describeValue, type Tokenizer } from "@attune/spec";
import { type ChatMessage, type ChatRenderer, createChatRenderer } from "@attune/tokenizer-core";

type Row = Readonly<Record<string, unknown>>;

/** A list of rows or a stream of them. */
export type Rows = Iterable<unknown> | AsyncIterable<unknown>;

/** A prompt and what follows it, in ids. */
export interface ScoreRow {
  readonly promptIds: ArrayLike<number>;
  readonly completionIds: ArrayLike<number>;
}

/** How the texts of rows are read. */
export interface TextOptions {
  /** Read special tokens that a text spells out as such, instead of as plain text. Default false. */
  readonly parseSpecialTokens?: boolean | undefined;
  /** Told of the first text that spells one out while they are not read as such. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/**
 * Makes the function that reads a row of `prompt` and `completion`, tokenised apart without special tokens (a BOS in front only if
 * the tokenizer adds one), or of `prompt_ids` and `completion_ids`, taken as they are. Only ids need no tokenizer.
 */
export function createScoreReader(
  tokenizer: Tokenizer | undefined,
  options: TextOptions = {},
): (value: unknown, index: number) => ScoreRow {
  const read = createTextReader(tokenizer, options);
  return (value, index) => {
    const row = objectOf(value, index);
    if (row["prompt_ids"] !== undefined || row["completion_ids"] !== undefined) {
      return { promptIds: idsOf(row, "prompt_ids", index), completionIds: idsOf(row, "completion_ids", index) };
    }
    const prompt = read(row, "prompt", index);
    const completion = read(row, "completion", index);
    return {
      promptIds: encodePrompt(prompt.tokenizer, prompt.text, options),
      completionIds: completion.tokenizer.encode(completion.text, options).ids,
    };
  };
}

/** Makes the function that reads a row of `prompt`, `prompt_ids` or `messages` as the ids of a prompt. Only ids need no tokenizer. */
export function createPromptReader(
  tokenizer: Tokenizer | undefined,
  options: TextOptions = {},
): (value: unknown, index: number) => ArrayLike<number> {
  const read = createTextReader(tokenizer, options);
  let render: ChatRenderer | undefined;
  return (value, index) => {
    const row = objectOf(value, index);
    if (row["prompt_ids"] !== undefined) return idsOf(row, "prompt_ids", index);
    if (row["messages"] === undefined) {
      const prompt = read(row, "prompt", index);
      return encodePrompt(prompt.tokenizer, prompt.text, options);
    }
    if (tokenizer === undefined) throw needsTokenizer(`row ${index}, which holds messages,`, "messages");
    render ??= createChatRenderer({ tokenizer });
    const { text } = render(messagesOf(row, index), { addGenerationPrompt: true });
    return tokenizer.encode(text, { parseSpecialTokens: true }).ids;
  };
}

/** Reads texts of rows; while special tokens are plain text in them, the first that spells one out is told of. */
function createTextReader(
  tokenizer: Tokenizer | undefined,
  { parseSpecialTokens = false, onNotice }: TextOptions,
): (row: Row, field: string, index: number) => { readonly text: string; readonly tokenizer: Tokenizer } {
  const ids = parseSpecialTokens || tokenizer === undefined ? [] : [...tokenizer.specialIds];
  let specials = ids.map((id) => tokenizer?.tokenOf(id) ?? "").filter(Boolean);
  return (row, field, index) => {
    const text = textOf(row, field, index);
    if (tokenizer === undefined) throw needsTokenizer(`row ${index}, which holds text,`, field);
    const spelled = specials.find((token) => text.includes(token));
    if (spelled !== undefined) {
      specials = [];
      onNotice?.(
        `Row ${index} spells out "${spelled}" in its ${field}, which is read as plain text; ask for parseSpecialTokens (--parse-special-tokens) where the token is meant.`,
      );
    }
    return { text, tokenizer };
  };
}

/** What is thrown where text meets a model without a tokenizer. */
export function needsTokenizer(what: string, key: string): AttuneError {
  return new AttuneError("FILE_NOT_FOUND", `The model's folder has no tokenizer.json, which ${what} would need.`, {
    hint: "Put the model's tokenizer.json into its folder, or give rows of prompt_ids.",
    details: { key },
  });
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
  return new AttuneError(
    "INPUT_INVALID",
    `Expected ${expected} in row ${row}, but received ${describeValue(received)}.`,
    {
      hint: "Rows are counted from 0. A prompt is a prompt, prompt_ids or messages; to be scored it has a completion or completion_ids.",
      details: { row, ...(key === undefined ? {} : { key }) },
    },
  );
}

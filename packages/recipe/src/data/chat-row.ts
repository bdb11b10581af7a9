// Conversations by a chat template: what the assistant says is trained, with the tokens that end its turns.
import { AttuneError, type Tokenizer } from "@attune/spec";
import { type ChatRenderer, createChatRenderer } from "@attune/tokenizer-core";
import { type TextSegment, type TrainingExample, tokenizeSegments } from "@attune/train";
import type { TemplateConfig } from "../config/data-config.ts";

/** A conversation as a row, and the stretches of its text. */
export interface ChatRow {
  readonly example: TrainingExample;
  readonly segments: readonly TextSegment[];
}

/** One message of a conversation. */
export type ChatRowMessage = { readonly role: string; readonly content: string };

/** The renderer of a recipe's conversations, made when the first comes: data without any needs no chat template. */
export function lazyChatRenderer({ chatTemplate }: TemplateConfig, tokenizer: Tokenizer): ChatRenderer {
  let render: ChatRenderer | undefined;
  return (messages, options) => {
    render ??= createChatRenderer({ tokenizer, template: chatTemplate ?? undefined });
    return render(messages, options);
  };
}

/** The last message of the assistant, and all before it; undefined where no assistant speaks. */
export function lastTurnOf<Message extends ChatRowMessage>(
  messages: readonly Message[],
): { readonly before: readonly Message[]; readonly answer: Message } | undefined {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  return last === -1 ? undefined : { before: messages.slice(0, last), answer: messages[last]! };
}

/** What of a conversation is trained. */
export interface ChatRowOptions {
  /** Refuse turns that do not end with a special token. */
  readonly requireEnds: boolean;
  /** The one message of the assistant that is trained. Default: all. */
  readonly message?: number | undefined;
}

/**
 * Renders and tokenises a conversation in one pass.
 *
 * @throws AttuneError `LABELS_INVALID` where the template hides a message of the assistant, `INPUT_INVALID` where it refuses them
 */
export function chatRow(
  id: string,
  messages: readonly ChatRowMessage[],
  render: ChatRenderer,
  tokenizer: Tokenizer,
  { requireEnds, message: only }: ChatRowOptions,
): ChatRow {
  const { text, spans } = render(messages);
  const segments: TextSegment[] = [];
  let position = 0;
  const push = (end: number, trained: boolean, role: string): void => {
    if (end > position) segments.push({ text: text.slice(position, end), trained, role });
    position = Math.max(position, end);
  };
  for (const { role, message, start, end } of spans) {
    push(start, false, "template");
    push(end, role === "assistant" && (only === undefined || only === message), role);
  }
  push(text.length, false, "template");
  const hidden =
    messages.filter(({ role }) => role === "assistant").length -
    spans.filter(({ role }) => role === "assistant").length;
  if (hidden > 0) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Row "${id}": the chat template hides ${hidden} of the assistant's messages, so they could not be trained.`,
      { hint: "Use another template: template.chatTemplate." },
    );
  }
  const example = tokenizeSegments(id, segments, tokenizer, {
    addBos: false,
    addEos: false,
    parseSpecialTokens: true,
    requireEnds,
  });
  return { example, segments };
}

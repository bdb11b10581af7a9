// What a model is asked for a record, and the answer that it is held against: the prompt of a training row and what follows it.
import { contentOf } from "@attune/data-core";
import { createPromptTemplate } from "@attune/eval-bench";
import type { TextRecord, Tokenizer } from "@attune/spec";
import { type ChatRenderer, createChatRenderer } from "@attune/tokenizer-core";
import { ignoredLabel } from "@attune/train";
import type { TemplateConfig } from "../config/data-config.ts";
import { chatRow } from "./chat-row.ts";
import { completionOf, promptsOf, promptTextOf } from "./row-builder.ts";

/** A prompt and its answer. */
interface Answer {
  /** What the record says, before the template. */
  readonly text: string;
  readonly prompt: string;
  readonly reference: string;
  /** Both as tokens, where the text alone does not tell them: a chat template writes special tokens. */
  readonly ids?:
    | { readonly prompt: readonly number[]; readonly completions: readonly (readonly number[])[] }
    | undefined;
}

/** Gives the answer of a record; undefined for plain text, and for a conversation in which no assistant speaks. */
export type AnswerBuilder = (record: TextRecord) => Answer | undefined;

/** A builder for one template. Of a conversation the assistant's last message is the answer, and all before it the prompt. */
export function createAnswerBuilder(template: TemplateConfig, tokenizer: Tokenizer): AnswerBuilder {
  const prompt = createPromptTemplate(template.prompt);
  let renderer: ChatRenderer | undefined;
  return (record) => {
    const content = contentOf(record);
    if (content !== undefined && "messages" in content) {
      renderer ??= createChatRenderer({ tokenizer, template: template.chatTemplate ?? undefined });
      return lastTurn(record.id, content.messages, renderer, tokenizer);
    }
    const reference = completionOf(record, template, undefined);
    if (reference === undefined) return undefined;
    const text = promptTextOf(record);
    return { text, prompt: promptsOf(text, prompt, template, tokenizer, 1)[0]!.prompt, reference };
  };
}

function lastTurn(
  id: string,
  messages: readonly { readonly role: string; readonly content: string }[],
  render: ChatRenderer,
  tokenizer: Tokenizer,
): Answer | undefined {
  const message = messages.findLastIndex(({ role }) => role === "assistant");
  if (message === -1) return undefined;
  const spoken = messages.slice(0, message + 1);
  const { example, segments } = chatRow(id, spoken, render, tokenizer, { requireEnds: false, message });
  const start = example.labels.findIndex((label) => label !== ignoredLabel);
  const trained = example.labels.findLastIndex((label) => label !== ignoredLabel) + 1;
  const ids = Array.from(example.ids);
  // How a turn ends is no part of what it says.
  const end = ids.findLastIndex((token, index) => index < trained && !tokenizer.specialIds.has(token)) + 1;
  const prompt = segments
    .slice(
      0,
      segments.findIndex((segment) => segment.trained),
    )
    .map(({ text }) => text)
    .join("");
  return {
    text: spoken.at(-2)?.content ?? "",
    prompt,
    reference: spoken[message]!.content,
    ids: { prompt: ids.slice(0, start), completions: [ids.slice(start, end)] },
  };
}

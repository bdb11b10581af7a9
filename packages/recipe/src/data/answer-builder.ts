// What a model is asked for a record, and the answer that it is held against: the prompt of a training row and what follows it.
import { contentOf } from "@attune/data-core";
import { createPromptTemplate } from "@attune/eval-bench";
import type { TextRecord, Tokenizer } from "@attune/spec";
import type { ChatRenderer } from "@attune/tokenizer-core";
import { ignoredLabel } from "@attune/train";
import type { TemplateConfig } from "../config/data-config.ts";
import { type ChatRowMessage, chatRow, lastTurnOf, lazyChatRenderer } from "./chat-row.ts";
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
  const chat = lazyChatRenderer(template, tokenizer);
  return (record) => {
    const content = contentOf(record);
    if (content !== undefined && "messages" in content) return lastTurn(record.id, content.messages, chat, tokenizer);
    const reference = completionOf(record, template, undefined);
    if (reference === undefined) return undefined;
    const text = promptTextOf(record);
    return { text, prompt: promptsOf(text, prompt, template, tokenizer, 1)[0]!.prompt, reference };
  };
}

function lastTurn(
  id: string,
  messages: readonly ChatRowMessage[],
  render: ChatRenderer,
  tokenizer: Tokenizer,
): Answer | undefined {
  const turn = lastTurnOf(messages);
  if (turn === undefined) return undefined;
  const { before, answer } = turn;
  const { example, segments } = chatRow(id, [...before, answer], render, tokenizer, {
    requireEnds: false,
    message: before.length,
  });
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
    text: before.at(-1)?.content ?? "",
    prompt,
    reference: answer.content,
    ids: { prompt: ids.slice(0, start), completions: [ids.slice(start, end)] },
  };
}

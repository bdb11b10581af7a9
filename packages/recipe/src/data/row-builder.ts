// Records to rows: what is read, what the model learns to say, and the one pass that tokenises both.
import { contentOf } from "@attune/data-core";
import { createPromptTemplate, type FittedPrompt, fitPieces, type PromptTemplate } from "@attune/eval-bench";
import { AttuneError, type TextRecord, type Tokenizer } from "@attune/spec";
import { type TrainingExample, tokenizeSegments } from "@attune/train";
import type { TemplateConfig } from "../config/data-config.ts";
import { type ChatRow, chatRow, lazyChatRenderer } from "./chat-row.ts";

/** A record as a row of training. */
interface BuiltRow extends ChatRow {
  /** Whether some of its text is in no row. */
  readonly truncated: boolean;
}

/** A row before it is tokenised. */
type SegmentedText = Omit<BuiltRow, "example">;

/** Makes rows of one template and tokenizer. */
export interface RowBuilder {
  /** The row of a record, or one for each piece of a labelled text. @throws AttuneError `LABELS_INVALID`, `INPUT_INVALID` or `CONTEXT_EXCEEDED` naming the record */
  rows(record: TextRecord): BuiltRow[];
  /** A row of plain text, all of it trained; packing may cut it. */
  plain(id: string, text: string): TrainingExample;
}

/** A builder. `labels` are what completions are for; undefined where records have none. */
export function createRowBuilder(
  template: TemplateConfig,
  tokenizer: Tokenizer,
  labels: readonly string[] | undefined,
): RowBuilder {
  const prompt = createPromptTemplate(template.prompt);
  const chat = lazyChatRenderer(template, tokenizer);
  const plain = (id: string, text: string): TrainingExample => ({
    ...tokenizeSegments(id, [{ text, trained: true, role: "text" }], tokenizer, { addEos: template.endOfText }),
    splits: true,
  });
  /** A text that is all there is to learn. */
  const wholeText = (record: TextRecord): BuiltRow => {
    const text = prompt.render(record.text);
    return { segments: [{ text, trained: true, role: "text" }], truncated: false, example: plain(record.id, text) };
  };
  const answered = (record: TextRecord, completion: string): SegmentedText[] =>
    promptsOf(promptTextOf(record), prompt, template, tokenizer, labels === undefined ? 1 : template.maxPieces).map(
      (fitted) => ({
        truncated: fitted.truncated,
        segments: [
          { text: fitted.prompt, trained: false, role: "prompt" },
          { text: completion, trained: true, role: "completion" },
        ],
      }),
    );
  return {
    plain,
    rows(record) {
      const content = contentOf(record);
      if (content !== undefined && "messages" in content)
        return [
          {
            ...chatRow(record.id, content.messages, chat, tokenizer, { requireEnds: template.endOfText }),
            truncated: false,
          },
        ];
      const completion = completionOf(record, template, labels);
      if (completion === undefined) return [wholeText(record)];
      return answered(record, completion).map(({ segments, truncated }, index) => ({
        segments,
        truncated,
        example: tokenizeSegments(index === 0 ? record.id : `${record.id}#${index + 1}`, segments, tokenizer, {
          addEos: template.endOfText,
        }),
      }));
    },
  };
}

/** A record as one text: what pretraining and tokenizers read. */
export function documentText(record: TextRecord, template: TemplateConfig): string {
  const content = contentOf(record);
  const text = createPromptTemplate(template.prompt).render(promptTextOf(record));
  return content !== undefined && "completion" in content ? text + fillCompletion(template, content.completion) : text;
}

/** What goes into `{text}`: the prompt of a record that has one, else its text. */
export function promptTextOf(record: TextRecord): string {
  const content = contentOf(record);
  return content !== undefined && "completion" in content ? content.prompt : record.text;
}

/** What the model has to say for a record, undefined for plain text. */
export function completionOf(
  record: TextRecord,
  template: TemplateConfig,
  labels: readonly string[] | undefined,
): string | undefined {
  if (labels !== undefined) return completionOfLabel(record, template, labels);
  const content = contentOf(record);
  if (content === undefined || !("completion" in content)) return undefined;
  return fillCompletion(template, content.completion);
}

/** The words for a label. */
export function labelWords(template: TemplateConfig, label: string): string {
  const { completions } = template;
  if (completions === null) return fillCompletion(template, label);
  if (Object.hasOwn(completions, label)) return completions[label]!;
  throw new AttuneError("LABELS_INVALID", `There are no words for the label "${label}" in template.completions.`, {
    hint: `It has words for ${Object.keys(completions).join(", ")}.`,
    details: { key: label },
  });
}

function completionOfLabel({ id, label }: TextRecord, template: TemplateConfig, labels: readonly string[]): string {
  if (label !== undefined && labels.includes(label)) return labelWords(template, label);
  const received = label === undefined ? "it has none" : `its label is "${label}"`;
  throw new AttuneError(
    "LABELS_INVALID",
    `Expected one of ${labels.length} labels for record "${id}", but ${received}.`,
    {
      hint: `Labels: ${labels.slice(0, 20).join(", ")}.`,
      details: { key: id },
    },
  );
}

function fillCompletion({ completion }: TemplateConfig, value: string): string {
  const parts = completion.split("{completion}");
  if (parts.length === 2) return parts.join(value);
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected {completion} exactly once in template.completion, but it is there ${parts.length - 1} times.`,
    { details: { key: "template.completion" } },
  );
}

/** The prompts that read a text, within `maxTokens` where there is one. */
export function promptsOf(
  text: string,
  prompt: PromptTemplate,
  { maxTokens }: TemplateConfig,
  tokenizer: Tokenizer,
  maxPieces: number,
): FittedPrompt[] {
  return maxTokens === null
    ? [{ prompt: prompt.render(text), text, truncated: false }]
    : fitPieces(prompt, text, tokenizer, maxTokens, maxPieces);
}

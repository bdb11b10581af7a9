// Records that have an answer, as prompts to be continued: one document a distinct prompt, with all that people wrote for it.
import { type GenerationDocument, parseMeaningRepresentation } from "@attune/eval-bench";
import { encodePrompt } from "@attune/generate";
import type { Model } from "@attune/models";
import { AttuneError, type TextRecord, type Tokenizer } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { EvaluationConfig } from "../config/training-config.ts";
import { type AnswerBuilder, createAnswerBuilder } from "../data/answer-builder.ts";
import { groupOf } from "./group-of.ts";

/** The model that is asked: how it reads, and how much. */
export interface AskedModel {
  readonly tokenizer: Tokenizer;
  readonly model: Pick<Model, "contextLength">;
}

/** Documents to judge, and how many records were left out because they do not fit into the context. */
export interface GenerationDocuments {
  readonly documents: readonly GenerationDocument[];
  readonly leftOut: number;
}

/**
 * Prompts and references as training rows have them. A document fits where prompt and reference, and prompt and new tokens, are
 * within the context; others are left out, with a count, unless `training.longRows` is `error`.
 *
 * @throws AttuneError `CONTEXT_EXCEEDED` naming a record that does not fit, or where none does; `LABELS_INVALID` for one without an answer
 */
export function generationDocuments(
  records: readonly TextRecord[],
  config: RecipeConfig,
  evaluation: EvaluationConfig,
  asked: AskedModel,
): GenerationDocuments {
  const { contextLength } = asked.model;
  const answers = createAnswerBuilder(config.template, asked.tokenizer);
  const byPrompt = new Map<string, GenerationDocument[]>();
  for (const record of records) {
    const document = documentOf(record, answers, config, evaluation);
    const group = byPrompt.get(document.prompt);
    if (group === undefined) byPrompt.set(document.prompt, [document]);
    else group.push(document);
  }
  const sized = [...byPrompt.values()].map((group) => {
    const document = joined(group);
    return { document, tokens: tokensOf(document, asked, evaluation) };
  });
  const fitting = sized.filter(({ tokens }) => tokens <= contextLength);
  const long = sized.find(({ tokens }) => tokens > contextLength);
  if (long !== undefined && (config.training.longRows === "error" || fitting.length === 0)) {
    const { document, tokens } = long;
    throw new AttuneError(
      "CONTEXT_EXCEEDED",
      `Record "${document.id}" takes ${tokens} tokens to be judged: its prompt, and ${evaluation.maxNewTokens} new tokens or its own answer; the context holds ${contextLength}.`,
      {
        hint: "Lower evaluation.maxNewTokens or template.maxTokens, or set training.longRows to drop, which leaves such records out and counts them.",
        details: { key: document.id },
      },
    );
  }
  return { documents: fitting.map(({ document }) => document), leftOut: sized.length - fitting.length };
}

function documentOf(
  record: TextRecord,
  answers: AnswerBuilder,
  { data }: RecipeConfig,
  { slots }: EvaluationConfig,
): GenerationDocument {
  const answered = answers(record);
  if (answered === undefined) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Record "${record.id}" has no answer that a generated text could be held against.`,
      {
        hint: "Judge plain texts by evaluation.task: perplexity, or give every record a completion.",
        details: { key: record.id },
      },
    );
  }
  const { text, prompt, reference, ids } = answered;
  return {
    id: record.id,
    prompt,
    references: [reference],
    ...(ids === undefined ? {} : { ids }),
    ...(slots === "e2e" ? { slots: parseMeaningRepresentation(text) } : {}),
    ...groupOf(record, data.groupBy),
  };
}

/** One document of those with one prompt: the first, with the references of all. */
function joined(documents: readonly GenerationDocument[]): GenerationDocument {
  const [first] = documents as readonly [GenerationDocument, ...GenerationDocument[]];
  const completions = documents.flatMap(({ ids }) => ids?.completions ?? []);
  return {
    ...first,
    references: documents.flatMap(({ references }) => references),
    ...(first.ids === undefined ? {} : { ids: { ...first.ids, completions } }),
  };
}

function tokensOf(
  { prompt, references, ids }: GenerationDocument,
  { tokenizer }: AskedModel,
  { maxNewTokens }: EvaluationConfig,
): number {
  const before = ids?.prompt.length ?? encodePrompt(tokenizer, prompt).length;
  const answers = ids?.completions ?? references.map((reference) => tokenizer.encode(reference).ids);
  return before + Math.max(maxNewTokens, ...answers.map(({ length }) => length));
}

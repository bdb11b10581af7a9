// Records that have an answer, as prompts to be continued: one document a distinct prompt, with all that people wrote for it.
import { type GenerationDocument, parseMeaningRepresentation } from "@attune/eval-bench";
import { encodePrompt } from "@attune/generate";
import { AttuneError, type TextRecord, type Tokenizer } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { EvaluationConfig } from "../config/training-config.ts";
import { type AnswerBuilder, createAnswerBuilder } from "../data/answer-builder.ts";

/** The model that is asked: how it reads, and how much. */
export interface AskedModel {
  readonly tokenizer: Tokenizer;
  readonly contextLength: number;
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
  const answers = createAnswerBuilder(config.template, asked.tokenizer);
  const documents = new Map<string, GenerationDocument>();
  for (const record of records) {
    const document = documentOf(record, answers, config, evaluation);
    const known = documents.get(document.prompt);
    documents.set(document.prompt, known === undefined ? document : withReferencesOf(known, document));
  }
  const all = [...documents.values()];
  const fitting = all.filter((document) => tokensOf(document, asked, evaluation) <= asked.contextLength);
  const long = all.find((document) => !fitting.includes(document));
  if (long !== undefined && (config.training.longRows === "error" || fitting.length === 0)) {
    throw new AttuneError(
      "CONTEXT_EXCEEDED",
      `Record "${long.id}" takes ${tokensOf(long, asked, evaluation)} tokens to be judged: its prompt, and ${evaluation.maxNewTokens} new tokens or its own answer; the context holds ${asked.contextLength}.`,
      {
        hint: "Lower evaluation.maxNewTokens or template.maxTokens, or set training.longRows to drop, which leaves such records out and counts them.",
        details: { key: long.id },
      },
    );
  }
  return { documents: fitting, leftOut: all.length - fitting.length };
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
  const group = data.groupBy === null ? undefined : record.metadata?.[data.groupBy];
  return {
    id: record.id,
    prompt,
    references: [reference],
    ...(ids === undefined ? {} : { ids }),
    ...(slots === "e2e" ? { slots: parseMeaningRepresentation(text) } : {}),
    ...(typeof group === "string" && group !== "" ? { group } : {}),
  };
}

function withReferencesOf(document: GenerationDocument, { references, ids }: GenerationDocument): GenerationDocument {
  const completions = [...(document.ids?.completions ?? []), ...(ids?.completions ?? [])];
  return {
    ...document,
    references: [...document.references, ...references],
    ...(document.ids === undefined ? {} : { ids: { ...document.ids, completions } }),
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

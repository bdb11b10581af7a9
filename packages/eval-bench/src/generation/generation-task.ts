import { AttuneError } from "@attune/spec";
import { checkDocuments } from "../check-documents.ts";
import type { CompletionRow, CompletionScore, EvaluationModel, GeneratedText } from "../model.ts";
import { checkLogprob } from "../perplexity/perplexity-scoring.ts";
import { runBatches } from "../run-batches.ts";
import type { Task, TaskRunOptions } from "../task.ts";
import type { GenerationRow } from "./generation-scoring.ts";
import { createGenerationScoring } from "./generation-scoring.ts";
import type { SlotValue } from "./meaning-representation.ts";
import type { SlotLexicon } from "./slot-coverage.ts";
import { realisedSlots } from "./slot-coverage.ts";

/** A prompt with texts that people wrote for it. */
export interface GenerationDocument {
  readonly id: string;
  readonly prompt: string;
  /** At least one; given to the model as completions exactly as they are, leading space included. */
  readonly references: readonly string[];
  /** Prompt and references as tokens, where text alone does not tell them: a rendered chat has special tokens. */
  readonly ids?: { readonly prompt: ArrayLike<number>; readonly completions: readonly ArrayLike<number>[] } | undefined;
  /** What the text should say. */
  readonly slots?: readonly SlotValue[] | undefined;
  readonly group?: string | undefined;
}

/** What a generation task needs. */
export interface GenerationTaskOptions {
  readonly id: string;
  readonly documents: readonly GenerationDocument[];
  /** Documents that were too long to be asked about, for the record. Default 0. */
  readonly leftOut?: number | undefined;
  /** Most tokens an output may have. */
  readonly maxNewTokens: number;
  /** Texts at which an output ends. */
  readonly stop?: readonly string[] | undefined;
  /** How slot values are said; `e2eLexicon` for E2E, the values themselves by default. */
  readonly lexicon?: SlotLexicon | undefined;
}

/** Makes the task; throws DATA_EMPTY for no documents, and for one without a reference that says something. */
export function createGenerationTask(options: GenerationTaskOptions): Task<GenerationRow> {
  const { id, documents, leftOut } = options;
  checkDocuments(documents, id);
  const bare = documents.find(({ references }) => references.length === 0 || references.includes(""));
  if (bare !== undefined)
    throw new AttuneError("DATA_EMPTY", `Document ${bare.id} of task ${id} has no reference, or an empty one.`);
  return {
    kind: "task",
    specificationVersion: 1,
    id,
    scoring: createGenerationScoring({
      slots: documents.some(({ slots }) => slots !== undefined && slots.length > 0),
      leftOut,
    }),
    predict: (model, runOptions = {}) => predictOutputs(options, model, runOptions),
  };
}

async function predictOutputs(
  task: GenerationTaskOptions,
  model: EvaluationModel,
  options: TaskRunOptions,
): Promise<GenerationRow[]> {
  const { generate } = model;
  if (generate === undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Task ${task.id} generates text, which model ${model.id} was given no function for.`,
    );
  }
  const { maxNewTokens, stop, documents } = task;
  const { signal } = options;
  const prompts = documents.map(({ prompt, ids }) => ids?.prompt ?? prompt);
  const outputs = await runBatches(prompts, (batch) => generate(batch, { maxNewTokens, stop, signal }), {
    ...options,
    stage: task.id,
    unit: "texts",
  });
  const requests = documents.flatMap(completionsOf);
  const scores = await runBatches(requests, (batch, onProgress) => model.score(batch, { signal, onProgress }), {
    ...options,
    stage: task.id,
    unit: "completions",
  });
  let next = 0;
  return documents.map((document, index) => {
    const own = scores.slice(next, next + document.references.length);
    next += own.length;
    return generationRow(document, outputs[index]!, own, task.lexicon);
  });
}

function completionsOf({ prompt, references, ids }: GenerationDocument): CompletionRow[] {
  if (ids === undefined) return references.map((completion) => ({ prompt, completion }));
  return ids.completions.map((completionIds) => ({ promptIds: ids.prompt, completionIds }));
}

function generationRow(
  document: GenerationDocument,
  output: GeneratedText,
  scores: readonly CompletionScore[],
  lexicon: SlotLexicon | undefined,
): GenerationRow {
  const { id, references, slots = [], group } = document;
  const realised = realisedSlots(output.text, slots, lexicon);
  const logprob = scores.reduce((sum, score) => sum + score.logprob, 0);
  checkLogprob(logprob, id);
  const encoder = new TextEncoder();
  return {
    id,
    output: output.text,
    ...(output.finish === "length" ? { cut: true } : {}),
    slots: slots.map(({ slot, value }, index) => ({ slot, value, realised: realised[index]! })),
    logprob,
    tokens: scores.reduce((sum, { tokens }) => sum + tokens, 0),
    bytes: references.reduce((sum, reference) => sum + encoder.encode(reference).length, 0),
    ...(group === undefined ? {} : { group }),
  };
}

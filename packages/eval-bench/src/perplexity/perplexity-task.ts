import { AttuneError } from "@attune/spec";
import { checkDocuments } from "../check-documents.ts";
import type { CompletionRow, EvaluationModel } from "../model.ts";
import { runBatches } from "../run-batches.ts";
import type { Task, TaskRunOptions } from "../task.ts";
import type { PerplexityRow } from "./perplexity-scoring.ts";
import { checkLogprob, createPerplexityScoring } from "./perplexity-scoring.ts";
import { slidingWindows } from "./sliding-windows.ts";

/** A text to be predicted. */
export interface PerplexityDocument {
  readonly id: string;
  readonly text: string;
  readonly group?: string | undefined;
}

/** What a perplexity task needs. */
export interface PerplexityTaskOptions {
  readonly id: string;
  /** Each is scored by itself; none may be empty. */
  readonly documents: readonly PerplexityDocument[];
  /** Most tokens in a window; the model's context length by default. */
  readonly contextLength?: number | undefined;
  /** Tokens scored a window after the first; half the context by default. */
  readonly stride?: number | undefined;
}

/**
 * Bits per byte of texts by sliding windows, each token scored once. The model needs a tokenizer with a BOS or EOS
 * token, which stands before the first token. Throws DATA_EMPTY for no documents or an empty one.
 */
export function createPerplexityTask(options: PerplexityTaskOptions): Task<PerplexityRow> {
  const { id, documents } = options;
  checkDocuments(documents, id);
  const empty = documents.find(({ text }) => text === "");
  if (empty !== undefined) throw new AttuneError("DATA_EMPTY", `Document ${empty.id} of task ${id} is empty.`);
  return {
    kind: "task",
    specificationVersion: 1,
    id,
    scoring: createPerplexityScoring(),
    predict: (model, runOptions = {}) => predictTexts(options, model, runOptions),
  };
}

interface Pieces {
  readonly document: PerplexityDocument;
  readonly requests: readonly CompletionRow[];
  readonly tokens: number;
}

async function predictTexts(
  task: PerplexityTaskOptions,
  model: EvaluationModel,
  options: TaskRunOptions,
): Promise<PerplexityRow[]> {
  const pieces = task.documents.map((document) => cut(document, task, model));
  const requests = pieces.flatMap((piece) => piece.requests);
  const answers = await runBatches(
    requests,
    (batch, onProgress) => model.score(batch, { signal: options.signal, onProgress }),
    {
      ...options,
      stage: task.id,
      unit: "windows",
    },
  );
  const encoder = new TextEncoder();
  let next = 0;
  return pieces.map(({ document, requests: own, tokens }) => {
    const logprob = answers.slice(next, next + own.length).reduce((sum, answer) => sum + answer.logprob, 0);
    next += own.length;
    checkLogprob(logprob, document.id);
    const group = document.group === undefined ? {} : { group: document.group };
    return { id: document.id, logprob, tokens, bytes: encoder.encode(document.text).length, ...group };
  });
}

function cut(document: PerplexityDocument, task: PerplexityTaskOptions, model: EvaluationModel): Pieces {
  const contextLength = task.contextLength ?? model.contextLength;
  const prefix = model.tokenizer?.specialTokens.bos ?? model.tokenizer?.specialTokens.eos;
  if (model.tokenizer === undefined || prefix === undefined || contextLength === undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Task ${task.id} needs a model with a tokenizer that has a BOS or EOS token, and a context length.`,
    );
  }
  if (model.contextLength !== undefined && contextLength > model.contextLength) {
    throw new AttuneError(
      "CONTEXT_EXCEEDED",
      `Windows of ${contextLength} tokens exceed the model's context of ${model.contextLength}.`,
    );
  }
  const { ids } = model.tokenizer.encode(document.text);
  const stride = task.stride ?? Math.max(1, Math.floor(contextLength / 2));
  const requests = slidingWindows(ids.length, contextLength, stride).map(({ contextStart, start, end }) => ({
    promptIds: start === 0 ? Uint32Array.of(prefix) : ids.slice(contextStart, start),
    completionIds: ids.slice(start, end),
  }));
  return { document, requests, tokens: ids.length };
}

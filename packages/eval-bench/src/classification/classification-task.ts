/**
 * Classification by completion likelihood: the prompt is followed by each label's words in turn, and the label whose
 * words the model finds likeliest (after an optional normalisation and calibration) is the prediction.
 */
import { AttuneError } from "@attune/spec";
import { checkDocuments } from "../check-documents.ts";
import type { EvaluationModel } from "../model.ts";
import type { FittedPrompt, PromptTemplate } from "../prompt-template.ts";
import { fitPieces } from "../prompt-template.ts";
import { runBatches } from "../run-batches.ts";
import type { Task, TaskRunOptions } from "../task.ts";
import type { ClassificationRow } from "./classification-row.ts";
import { classificationRow } from "./classification-row.ts";
import { createClassificationScoring } from "./classification-scoring.ts";
import type { Calibration, Decision, Normalization } from "./decision.ts";
import { createDecision } from "./decision.ts";

/** A text with its right label. */
export interface ClassificationDocument {
  readonly id: string;
  readonly text: string;
  readonly label: string;
  /** Documents of one group are resampled together. */
  readonly group?: string | undefined;
  /** Whether it came through a mailing list. */
  readonly list?: boolean | undefined;
}

/** What a classification task needs. */
export interface ClassificationTaskOptions {
  readonly id: string;
  readonly documents: readonly ClassificationDocument[];
  /** All labels, in the order of tables; the first wins ties. */
  readonly labels: readonly string[];
  /** What the model has to say for each label, usually with a leading space; the label itself by default. */
  readonly completions?: Readonly<Record<string, string>> | undefined;
  readonly prompt: PromptTemplate;
  /** Label for which F1, precision and recall are given. */
  readonly positive?: string | undefined;
  /** `none` by default. */
  readonly normalization?: Normalization | undefined;
  /** From `fitCalibration` or `fitBatchCalibration`, fitted on a validation part. */
  readonly calibration?: Calibration | undefined;
  /** Cuts texts so that no prompt is longer; needs the model's tokenizer. Without it a prompt is never cut. */
  readonly maxPromptTokens?: number | undefined;
  /** A longer text is asked about in up to this many pieces, whose log-probabilities are averaged. Default 1. */
  readonly maxPieces?: number | undefined;
}

/** Makes the task; throws DATA_EMPTY, INPUT_INVALID, LABELS_INVALID or OPTIONS_INVALID before any model runs. */
export function createClassificationTask(options: ClassificationTaskOptions): Task<ClassificationRow> {
  const { id, documents, prompt, maxPromptTokens, maxPieces = 1, positive } = options;
  const decision = createDecision(options);
  checkDocuments(documents, id);
  for (const document of documents) {
    if (!decision.labels.includes(document.label)) {
      throw new AttuneError(
        "LABELS_INVALID",
        `Document ${document.id} of task ${id} has label "${document.label}", expected one of ${JSON.stringify(decision.labels)}.`,
      );
    }
  }
  return {
    kind: "task",
    specificationVersion: 1,
    id,
    scoring: createClassificationScoring(decision, positive),
    predict: (model, runOptions = {}) =>
      predictLabels({ id, documents, prompt, decision, maxPromptTokens, maxPieces }, model, runOptions),
  };
}

interface LabelQuestion {
  readonly id: string;
  readonly documents: readonly ClassificationDocument[];
  readonly prompt: PromptTemplate;
  readonly decision: Decision;
  readonly maxPromptTokens: number | undefined;
  readonly maxPieces: number;
}

async function predictLabels(
  question: LabelQuestion,
  model: EvaluationModel,
  options: TaskRunOptions,
): Promise<ClassificationRow[]> {
  const { documents, decision } = question;
  const fitted = documents.map(({ text }) => fitQuestion(question, text, model));
  const requests = fitted.flatMap((pieces) =>
    pieces.flatMap(({ prompt }) => decision.completions.map((completion) => ({ prompt, completion }))),
  );
  const answers = await runBatches(
    requests,
    (batch, onProgress) => model.score(batch, { signal: options.signal, onProgress }),
    {
      ...options,
      stage: question.id,
      unit: "completions",
    },
  );
  let answered = 0;
  return documents.map((document, index) => {
    const pieces = fitted[index]!;
    const own = answers.slice(answered, answered + pieces.length * decision.labels.length);
    answered += own.length;
    const row = classificationRow(document, meanOfPieces(own, decision.labels.length), decision);
    return pieces.at(-1)!.truncated ? { ...row, truncated: true } : row;
  });
}

/** The mean log-probability of each choice over the pieces of a document. */
function meanOfPieces(answers: readonly { readonly logprob: number }[], choices: number): number[] {
  const pieces = answers.length / choices;
  return Array.from({ length: choices }, (_, choice) => {
    let sum = 0;
    for (let piece = 0; piece < pieces; piece++) sum += answers[piece * choices + choice]!.logprob;
    return sum / pieces;
  });
}

function fitQuestion(
  { prompt, maxPromptTokens, maxPieces, id }: LabelQuestion,
  text: string,
  model: EvaluationModel,
): FittedPrompt[] {
  if (maxPromptTokens === undefined) return [{ prompt: prompt.render(text), text, truncated: false }];
  if (model.tokenizer === undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Task ${id} cuts prompts to ${maxPromptTokens} tokens, which needs the model's tokenizer.`,
      {
        hint: "Give the evaluation model its tokenizer.",
      },
    );
  }
  return fitPieces(prompt, text, model.tokenizer, maxPromptTokens, maxPieces);
}

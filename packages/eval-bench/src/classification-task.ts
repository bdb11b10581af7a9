/**
 * Classification by completion likelihood: the prompt is followed by each label's words in turn, and the label whose
 * words the model finds likeliest (after an optional normalisation and calibration) is the prediction.
 */
import { AttuneError } from "@attune/spec";
import { checkDocuments } from "./check-documents.ts";
import type { ClassificationRow } from "./classification-row.ts";
import { classificationRow } from "./classification-row.ts";
import { createClassificationScoring } from "./classification-scoring.ts";
import type { Calibration, Decision, Normalization } from "./decision.ts";
import { createDecision } from "./decision.ts";
import type { EvaluationModel } from "./model.ts";
import type { FittedPrompt, PromptTemplate } from "./prompt-template.ts";
import { fitPrompt } from "./prompt-template.ts";
import { runBatches } from "./run-batches.ts";
import type { Task, TaskRunOptions } from "./task.ts";

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
  readonly maximumPromptTokens?: number | undefined;
}

/** Makes the task; throws DATA_EMPTY, INPUT_INVALID, LABELS_INVALID or OPTIONS_INVALID before any model runs. */
export function createClassificationTask(options: ClassificationTaskOptions): Task<ClassificationRow> {
  const { id, documents, prompt, maximumPromptTokens, positive } = options;
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
      predictLabels({ id, documents, prompt, decision, maximumPromptTokens }, model, runOptions),
  };
}

interface LabelQuestion {
  readonly id: string;
  readonly documents: readonly ClassificationDocument[];
  readonly prompt: PromptTemplate;
  readonly decision: Decision;
  readonly maximumPromptTokens: number | undefined;
}

async function predictLabels(
  question: LabelQuestion,
  model: EvaluationModel,
  options: TaskRunOptions,
): Promise<ClassificationRow[]> {
  const { documents, decision } = question;
  const fitted = documents.map(({ text }) => fitQuestion(question, text, model));
  const requests = fitted.flatMap(({ prompt }) => decision.completions.map((completion) => ({ prompt, completion })));
  const answers = await runBatches(requests, (batch) => model.score(batch, { signal: options.signal }), {
    ...options,
    stage: question.id,
    unit: "completions",
  });
  const choices = decision.labels.length;
  return documents.map((document, index) => {
    const logprobs = answers.slice(index * choices, (index + 1) * choices).map(({ logprob }) => logprob);
    const row = classificationRow(document, logprobs, decision);
    return fitted[index]!.truncated ? { ...row, truncated: true } : row;
  });
}

function fitQuestion(
  { prompt, maximumPromptTokens, id }: LabelQuestion,
  text: string,
  model: EvaluationModel,
): FittedPrompt {
  if (maximumPromptTokens === undefined) return { prompt: prompt.render(text), text, truncated: false };
  if (model.tokenizer === undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Task ${id} cuts prompts to ${maximumPromptTokens} tokens, which needs the model's tokenizer.`,
      {
        hint: "Give the evaluation model its tokenizer.",
      },
    );
  }
  return fitPrompt(prompt, text, model.tokenizer, maximumPromptTokens);
}

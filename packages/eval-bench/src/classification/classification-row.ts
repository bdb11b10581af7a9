import { AttuneError, type FieldPlace, numberField, textField } from "@attune/spec";
import type { PredictionRow } from "../metric.ts";
import { commonFields, flag, readRow } from "../prediction-row-fields.ts";
import type { Decision } from "./decision.ts";
import { decide } from "./decision.ts";

/** One line of a classification's predictions file. */
export interface ClassificationRow extends PredictionRow {
  /** The right answer. */
  readonly label: string;
  /** What the model chose. */
  readonly prediction: string;
  /** Natural-log probability of each choice as the model gave it, before normalisation and calibration. */
  readonly logprobs: Readonly<Record<string, number>>;
  /** True when the text was cut to fit. */
  readonly truncated?: boolean | undefined;
}

/**
 * Reads one row and checks it against the rule: labels are known, every choice has a finite log-probability, and the
 * prediction is the one that follows. Throws FILE_CORRUPT.
 */
export function parseClassificationRow(value: unknown, decision: Decision, place?: FieldPlace): ClassificationRow {
  const row = readRow(value, place);
  const label = row.read("label", textField);
  if (!decision.labels.includes(label)) throw row.refusal("label", `one of ${JSON.stringify(decision.labels)}`);
  const given = row.object("logprobs");
  for (const choice of decision.labels) given.read(choice, numberField());
  const logprobs = given.fields as Readonly<Record<string, number>>;
  const prediction = row.read("prediction", textField);
  const expected = decide(decision, logprobs);
  if (prediction !== expected) throw row.refusal("prediction", `"${expected}", as the log-probabilities say`);
  return { ...commonFields(row), label, prediction, logprobs, ...flag(row, "truncated") };
}

/** A row from what a model said; throws LABELS_INVALID for an unknown label and NUMERICS for a score that is no number. */
export function classificationRow(
  document: {
    readonly id: string;
    readonly label: string;
    readonly group?: string | undefined;
    readonly list?: boolean | undefined;
  },
  logprobs: readonly number[],
  decision: Decision,
): ClassificationRow {
  if (!decision.labels.includes(document.label)) {
    throw new AttuneError(
      "LABELS_INVALID",
      `Document ${document.id} has label "${document.label}", expected one of ${JSON.stringify(decision.labels)}.`,
    );
  }
  for (const [index, logprob] of logprobs.entries()) {
    if (!Number.isFinite(logprob)) {
      throw new AttuneError(
        "NUMERICS",
        `The model gave ${logprob} as log-probability of "${decision.labels[index]}" for document ${document.id}, expected a finite number.`,
      );
    }
  }
  const byLabel = Object.fromEntries(decision.labels.map((label, index) => [label, logprobs[index]!]));
  return {
    id: document.id,
    label: document.label,
    prediction: decide(decision, byLabel),
    logprobs: byLabel,
    ...(document.group === undefined ? {} : { group: document.group }),
    ...(document.list === undefined ? {} : { list: document.list }),
  };
}

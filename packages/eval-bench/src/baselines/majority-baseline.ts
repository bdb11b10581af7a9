import { AttuneError } from "@attune/spec";
import type { ClassificationRow } from "../classification/classification-row.ts";
import { classificationRow } from "../classification/classification-row.ts";
import { createDecision } from "../classification/decision.ts";

/** A document as a baseline needs it. */
export interface BaselineDocument {
  readonly id: string;
  readonly text: string;
  readonly label: string;
  readonly group?: string | undefined;
  readonly list?: boolean | undefined;
}

/**
 * Always says the most frequent training label, with the training shares (one added to each count) as probabilities.
 * Throws DATA_EMPTY without training documents.
 */
export function majorityBaseline(
  train: readonly { readonly label: string }[],
  documents: readonly BaselineDocument[],
  labels: readonly string[],
): ClassificationRow[] {
  if (train.length === 0)
    throw new AttuneError("DATA_EMPTY", "The majority baseline needs training documents, received none.");
  const counts = labels.map((label) => train.filter((example) => example.label === label).length);
  const logprobs = counts.map((count) => Math.log((count + 1) / (train.length + labels.length)));
  const decision = createDecision({ labels });
  return documents.map((document) => classificationRow(document, logprobs, decision));
}

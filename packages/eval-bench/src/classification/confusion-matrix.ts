import type { ClassificationRow } from "./classification-row.ts";

/** Counts of actual label (row) against predicted label (column). */
export interface ConfusionMatrix {
  readonly labels: readonly string[];
  /** `counts[actual][predicted]`. */
  readonly counts: readonly (readonly number[])[];
}

/** Counts how often each label was predicted for each label. */
export function confusionMatrix(rows: readonly ClassificationRow[], labels: readonly string[]): ConfusionMatrix {
  const position = new Map(labels.map((label, index) => [label, index]));
  const counts = labels.map(() => new Array<number>(labels.length).fill(0));
  for (const { label, prediction } of rows) counts[position.get(label)!]![position.get(prediction)!]! += 1;
  return { labels, counts };
}

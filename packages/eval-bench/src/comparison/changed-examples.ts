import type { ClassificationRow } from "../classification/classification-row.ts";
import { pairRows } from "./compare-evaluations.ts";

/** A document that one model gets right and the other does not. */
export interface ChangedExample {
  readonly id: string;
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** Documents that changed between right and wrong, in the order of the first rows. */
export function changedExamples(
  before: readonly ClassificationRow[],
  after: readonly ClassificationRow[],
): { readonly gained: readonly ChangedExample[]; readonly lost: readonly ChangedExample[] } {
  const gained: ChangedExample[] = [];
  const lost: ChangedExample[] = [];
  for (const [index, row] of pairRows(before, after).entries()) {
    const { id, label, prediction } = before[index]!;
    const example = { id, label, before: prediction, after: row.prediction };
    if (prediction !== label && row.prediction === label) gained.push(example);
    if (prediction === label && row.prediction !== label) lost.push(example);
  }
  return { gained, lost };
}

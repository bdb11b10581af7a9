// What the parts of a loop that others write may get wrong: objectives, sources and schedules.
import type { Schedule } from "@attune/optim";
import { AttuneError, describeValue } from "@attune/spec";
import { elementCount, formatType } from "@attune/tensor-core";
import type { Batch, BatchSource } from "./batch-source.ts";
import type { Objective, ObjectiveContext, ObjectiveTerm } from "./objective.ts";

/** The terms of an objective. @throws AttuneError `INPUT_INVALID` without any, `SHAPE_MISMATCH` for one that is not a sum */
export function termsOf(objective: Objective, context: ObjectiveContext): readonly ObjectiveTerm[] {
  const terms = objective.terms(context);
  if (terms.length === 0) {
    throw new AttuneError(
      "INPUT_INVALID",
      `The objective "${objective.id}" has no terms, so there is nothing to minimise.`,
    );
  }
  const wrong = terms.find(({ sum }) => elementCount(sum.shape) !== 1);
  if (wrong === undefined) return terms;
  throw new AttuneError(
    "SHAPE_MISMATCH",
    `Expected the term "${wrong.name}" of the objective "${objective.id}" to be one element, got ${formatType(wrong.sum.type)}.`,
    { hint: "A term is the sum over the micro-batch, sum(losses); denominators make a mean of it." },
  );
}

/** The denominators of some batches. @throws AttuneError `INPUT_INVALID` for one that is no number from 0, which would make NaN of the loss */
export function denominatorsOf(objective: Objective, batches: readonly Batch[]): Readonly<Record<string, number>> {
  const denominators = objective.denominators(batches);
  const wrong = Object.entries(denominators).find(([, value]) => !(Number.isFinite(value) && value >= 0));
  if (wrong === undefined) return denominators;
  throw new AttuneError(
    "INPUT_INVALID",
    `Expected the denominator of the term "${wrong[0]}" of the objective "${objective.id}" to be a number from 0, but received ${describeValue(wrong[1])}.`,
  );
}

/** Asserts that the terms that were traced are those that have denominators. @throws AttuneError `INPUT_INVALID` naming the first that differs */
export function assertSameTerms(objective: Objective, traced: readonly string[], given: readonly string[]): void {
  const missing = traced.find((term) => !given.includes(term));
  const more = given.find((term) => !traced.includes(term));
  if (missing === undefined && more === undefined) return;
  throw new AttuneError(
    "INPUT_INVALID",
    missing === undefined
      ? `The objective "${objective.id}" gives a denominator of "${more}", but has no such term.`
      : `The objective "${objective.id}" gives no denominator of its term "${missing}".`,
    { hint: `Its terms: ${traced.join(", ")}. denominators(batches) has a number for each of them.` },
  );
}

/** The next micro-batch. @throws AttuneError `INPUT_INVALID` where a source gives none */
export async function nextBatch(source: BatchSource): Promise<Batch> {
  const batch: Batch | undefined = await source.next();
  const wrong = (["tokens", "trainedTokens"] as const).find(
    (key) => !(Number.isFinite(batch?.[key]) && batch[key] >= 0),
  );
  if (wrong === undefined && typeof batch.inputs === "object") return batch;
  const what =
    batch === undefined
      ? "nothing"
      : `a batch whose ${wrong ?? "inputs"} is ${describeValue(batch[wrong ?? "inputs"])}`;
  throw new AttuneError("INPUT_INVALID", `Expected the source to give the next micro-batch, but received ${what}.`, {
    hint: "next() gives { inputs, tokens, trainedTokens } without end: where the data ends, it begins again.",
  });
}

/** The rate of a step. @throws AttuneError `OPTIONS_INVALID` for what is no rate: it would end up in every parameter */
export function learningRateOf(schedule: Schedule, step: number): number {
  const rate = schedule(step);
  if (Number.isFinite(rate) && rate >= 0) return rate;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected the schedule to give a learning rate from 0, but received ${describeValue(rate)} for applied step ${step}.`,
    { details: { key: "schedule" } },
  );
}

import type { EvaluationConfig } from "../config/training-config.ts";
import type { ResultTable } from "./result-table.ts";

/** A metric that a recipe sets a limit for. */
export interface GateResult {
  readonly metric: string;
  /** The smallest value that passes; the largest one where lower is better. */
  readonly limit: number;
  readonly higherIsBetter: boolean;
  readonly value: number;
  readonly passed: boolean;
}

/** Limits of the recipe against the adapted model. */
export function checkGates({ gate }: EvaluationConfig, { rows, columns }: ResultTable): GateResult[] {
  const adapted = rows.find(({ role }) => role === "after")!;
  return Object.entries(gate ?? {}).map(([metric, limit]) => {
    const { higherIsBetter } = columns.find(({ id }) => id === metric)!;
    const { value } = adapted.scores[metric]!;
    return { metric, limit, higherIsBetter, value, passed: higherIsBetter ? value >= limit : value <= limit };
  });
}

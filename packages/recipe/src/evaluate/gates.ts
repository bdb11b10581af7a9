// Limits that a recipe sets for metrics of the adapted model: their names are known before any work, their values after it.
import {
  bitsPerByteMetric,
  classificationMetrics,
  createDecision,
  type Metric,
  perplexityMetric,
  referenceBitsPerByteMetric,
  slotCoverageMetric,
} from "@attune/eval-bench";
import { AttuneError } from "@attune/spec";
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

type Column = Pick<Metric, "id" | "higherIsBetter">;

/** Metrics of a task. */
function metricsOf({ task, labels, positive, slots }: EvaluationConfig): readonly Column[] {
  switch (task) {
    case "classification": {
      const names = labels ?? [positive ?? "a", "b"];
      return classificationMetrics(createDecision({ labels: names }), positive ?? undefined);
    }
    case "generation":
      return slots === "none" ? [referenceBitsPerByteMetric] : [slotCoverageMetric, referenceBitsPerByteMetric];
    case "perplexity":
      return [bitsPerByteMetric, perplexityMetric];
  }
}

/** Refuses a gate on something that the task does not measure. @throws AttuneError `ID_UNKNOWN` naming what it does */
export function checkGateNames(evaluation: EvaluationConfig): void {
  const known = metricsOf(evaluation).map(({ id }) => id);
  const unknown = Object.keys(evaluation.gate ?? {}).find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new AttuneError("ID_UNKNOWN", `The task ${evaluation.task} measures no "${unknown}".`, {
    hint: `Use one of: ${known.join(", ")}.`,
    details: { key: unknown, known },
  });
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

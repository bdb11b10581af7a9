// Metrics that a recipe may set limits for, which are known before any work.
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
import type { EvaluationConfig } from "./training-config.ts";

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

import type { Program } from "@attune/tensor-core";
import type { Batch } from "./batch-source.ts";
import { denominatorsOf } from "./check-parts.ts";
import type { Objective } from "./objective.ts";
import { stepInputs } from "./step-programs.ts";

/** Mean of each term that has tokens, over all batches: the sum of all sums over the denominator of all batches, not a mean of means. */
export async function evaluateLoss(
  program: Program,
  objective: Objective,
  batches: AsyncIterable<Batch>,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  const totals: Record<string, number> = {};
  for await (const batch of batches) {
    const denominators = denominatorsOf(objective, [batch]);
    const outputs = await program.run(stepInputs(batch.inputs, denominators));
    for (const [term, denominator] of Object.entries(denominators)) {
      sums[term] = (sums[term] ?? 0) + outputs[`sum.${term}`]![0]!;
      totals[term] = (totals[term] ?? 0) + denominator;
    }
  }
  const terms = Object.keys(sums).filter((term) => totals[term]! > 0 || Object.keys(sums).length === 1);
  return Object.fromEntries(terms.map((term) => [term, sums[term]! / totals[term]!]));
}

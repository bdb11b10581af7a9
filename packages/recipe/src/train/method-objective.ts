import type { Model } from "@attune/models";
import { causalLanguageModeling, type LossTermWeights, type Objective } from "@attune/train";
import type { Trainee } from "./trainee.ts";

/** Size of the micro-batches that an objective is traced for. */
export interface ObjectiveShape {
  readonly rows: number;
  readonly blockLength: number;
  readonly headRows: number | undefined;
  readonly terms: LossTermWeights;
  readonly recompute: boolean;
}

/** Next-token prediction by a model under training, with the terms that its method adds: each the mean over micro-batches. */
export function methodObjective(
  model: Model,
  trainee: Pick<Trainee, "visitors" | "lossTerms">,
  shape: ObjectiveShape,
): Objective {
  const base = causalLanguageModeling({ model, visitors: trainee.visitors, ...shape });
  let added: readonly string[] = [];
  return {
    ...base,
    terms(context) {
      const extra = trainee.lossTerms(context.trace).map(({ name, value, weight }) => ({ name, sum: value, weight }));
      added = extra.map(({ name }) => name);
      return [...base.terms(context), ...extra];
    },
    denominators: (batches) => ({
      ...base.denominators(batches),
      ...Object.fromEntries(added.map((name) => [name, batches.length])),
    }),
  };
}

import { planRun } from "@attune/recipe";
import type { JsonObject } from "@attune/spec";
import { describeParts } from "../describe/describe-parts.ts";
import { describePlan } from "../describe/describe-plan.ts";
import { describeStep } from "../describe/describe-step.ts";
import { openRecipe } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import { planFlags } from "../options/recipe-flags.ts";
import type { VerbAction } from "../verb.ts";
import type { PlanVerbOptions } from "../verbs/plan.ts";

/** Predicts what a run will take. */
export const plan: VerbAction<PlanVerbOptions> = async (options, context) => {
  const recipe = await openRecipe(options, planFlags, context);
  const toolbox = await openToolbox(context.host, recipe.config.plugins, { directory: recipe.baseDirectory });
  const { signal, onProgress } = context;
  const output = recipe.config.output ?? undefined;
  const { explain } = options;
  const planned = await planRun(recipe, { toolbox, output, explain, signal, onProgress });
  const { plan: predicted, data, explanation } = planned;
  const { unit } = recipe.config.report;
  return {
    json: { ...predicted, data, ...(explanation && { explanation }) } as unknown as JsonObject,
    text: [
      describeParts({ ...data, unit }),
      "",
      describePlan(predicted),
      ...(explanation ? ["", describeStep(explanation)] : []),
    ].join("\n"),
  };
};

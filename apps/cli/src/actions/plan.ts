import { planRun } from "@attune/recipe";
import type { JsonObject } from "@attune/spec";
import { describePlan } from "../describe/describe-plan.ts";
import { openRecipe } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import { planFlags } from "../options/recipe-flags.ts";
import type { RecipeOptions } from "../options/recipe-options.ts";
import type { VerbAction } from "../verb.ts";

/** Predicts what a run will take. */
export const plan: VerbAction<RecipeOptions> = async (options, context) => {
  const recipe = await openRecipe(options, planFlags, context);
  const toolbox = await openToolbox(context.host, recipe.config.plugins, { directory: recipe.baseDirectory });
  const { signal, onProgress } = context;
  const output = recipe.config.output ?? undefined;
  const predicted = await planRun(recipe, { toolbox, output, signal, onProgress });
  return { json: predicted as unknown as JsonObject, text: describePlan(predicted) };
};
